import type {ObjectiveName, TaskName} from './names.js'

/** Defaults that evaluations of a task have instead of the schema's, by dotted key; a task without a row has none. */
export const taskDefaults: Readonly<Partial<Record<TaskName, Readonly<Record<string, unknown>>>>> = {
  // A question has no answer without a completion.
  questions: {'eval.modes': ['reasoning']},
}

/** The task of each objective, which its run is evaluated on; null where its items are rows. */
export const objectiveTasks: Readonly<Record<ObjectiveName, TaskName | null>> = {
  rpt: 'next-token',
  rlvr: 'questions',
  ntp: null,
  sft: null,
}
