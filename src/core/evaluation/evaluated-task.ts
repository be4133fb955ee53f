import type {TaskName} from '../config/names.js'
import type {Config} from '../config/schema.js'
import {objectives} from '../objectives/objectives.js'

/** The task that a training run is evaluated on: `eval.task`, else that of its objective, else next-token prediction. */
export function evaluatedTask({eval: {task}, train}: Config): TaskName {
  return task ?? objectives[train.objective].task ?? 'next-token'
}
