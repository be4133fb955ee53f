import {join} from 'node:path'
import type {TaskName} from '../config/names.js'
import {usualTask} from '../evaluation/evaluated-task.js'
import {canonicalJson} from '../files/index.js'
import {taskOf} from '../objectives/objectives.js'
import {identityHash, inputOfPoint, preparedInputs, type RunInputs, readIdentity} from '../runs/run-identity.js'
import type {TaskKind} from '../tasks/task.js'
import {tasks} from '../tasks/tasks.js'
import {type RunFolder, readSettings, settingOf} from './read-run.js'

type Settings = Pick<RunFolder, 'path' | 'settings'>

/** What items are made from: its fingerprints among the inputs of a run, and the setting that says where it is. */
const sources = {
  documents: {fingerprints: preparedInputs, key: 'data.dir'},
  questions: {
    fingerprints: ({'data.questions': hash}: RunInputs): RunInputs => (hash ? {questions: hash} : {}),
    key: 'data.questions',
  },
} as const

/**
 * Names what a run directory was evaluated on: the task, the content of its data, and the settings that choose items from them.
 * The place of the data counts only where their content was not noted; how many of the items were evaluated does not.
 */
export function benchmarkOf(run: Settings): string {
  return nameOf(run, settingOf(run, 'eval.task'))
}

/** The same of a point of a sweep; undefined where the run of the point is gone. */
export function benchmarkOfPoint(sweep: Settings, point: string): string | undefined {
  const hash = readIdentity(sweep.path)?.inputs?.[inputOfPoint(point)]
  const others = settingOf(sweep, 'sweep.runs')
  const folders = [join(sweep.path, 'runs', point), ...(Array.isArray(others) ? others.map(String) : [])]
  const path = folders.find((folder) => identityHash(folder) === hash)
  return path && nameOf({path, settings: readSettings(path)}, settingOf(sweep, 'eval.task'))
}

/** @param given `eval.task`; undefined where the objective decides */
function nameOf(run: Settings, given: unknown): string {
  const identity = readIdentity(run.path)
  const objective = identity?.command === 'eval' ? undefined : settingOf(run, 'train.objective')
  const task = String(given ?? taskOf(String(objective)) ?? usualTask)
  const kind: TaskKind | undefined = tasks[task as TaskName]
  const {fingerprints, key} = sources[kind?.readsDocuments ? 'documents' : 'questions']
  const found = fingerprints(identity?.inputs ?? {})
  const data = Object.keys(found).length > 0 ? found : settingOf(run, key)
  const chosen = [...(kind?.splitKeys ?? []), 'data.categoryField'].map((name) => [name, settingOf(run, name)])
  return canonicalJson({task, data, chosen: Object.fromEntries(chosen)})
}
