import type {TaskName} from '../config/names.js'
import type {Config} from '../config/schema.js'
import {objectives} from '../objectives/objectives.js'
import type {TaskKind} from '../tasks/task.js'
import {tasks} from '../tasks/tasks.js'

const usualTask: TaskName = 'next-token'

/** The task that a training run is evaluated on: `eval.task`, else that of its objective, else next-token prediction. */
export function evaluatedTask({eval: {task}, train}: Config): TaskName {
  return task ?? objectives[train.objective].task ?? usualTask
}

/** The task that `rpt eval` evaluates: `eval.task`, else next-token prediction. */
export function commandTask({eval: {task}}: Config): TaskKind {
  return tasks[task ?? usualTask]
}
