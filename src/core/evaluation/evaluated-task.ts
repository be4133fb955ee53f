import {type SourcedConfig, valueAt} from '../config/load.js'
import type {TaskName} from '../config/names.js'
import type {Config} from '../config/schema.js'
import {objectives} from '../objectives/objectives.js'
import {runOf} from '../runs/own-checkpoint.js'
import {recordedConfig} from '../runs/recorded-config.js'
import type {TaskKind} from '../tasks/task.js'
import {tasks} from '../tasks/tasks.js'
import {UsageError} from '../util/errors.js'
import type {Progress} from '../util/progress.js'

/** What is evaluated where nothing says otherwise. */
export const usualTask: TaskName = 'next-token'

/** The task that a training run is evaluated on: `eval.task`, else that of its objective, else next-token prediction. */
export function evaluatedTask({eval: {task}, train}: Config): TaskName {
  return task ?? objectives[train.objective].task ?? usualTask
}

/** The task that `rpt eval` evaluates: `eval.task`, else next-token prediction. */
export function commandTask({eval: {task}}: Config): TaskKind {
  return tasks[task ?? usualTask]
}

/**
 * Keys that `rpt eval` cannot run without.
 *
 * @throws {UsageError} where neither a task nor prepared data are given, and a model is a run that was trained on other items
 */
export function evaluationNeeds(config: Config): readonly string[] {
  const {eval: evaluation, data, model} = config
  if (evaluation.task === undefined && data.dir === undefined)
    for (const path of evaluation.models.length > 0 ? evaluation.models : [model.path]) refuseOtherItems(path)
  return commandTask(config).needs
}

/** Next-token prediction is the usual task, and may not be what is meant of a run that was trained on something else. */
function refuseOtherItems(path: string | undefined): void {
  const run = path === undefined ? null : runOf(path)
  if (run === null) return
  const trained = recordedConfig(run)
  const task = objectives[trained.train.objective].task ?? usualTask
  if (tasks[task].readsDocuments) return
  const settings = tasks[task].needs.map((key) => [key, valueAt(trained, key)])
  throw new UsageError(
    `eval: ${path} was trained on task ${task}, and neither eval.task nor data.dir says what to evaluate; expected eval.task and ${tasks[task].needs.join(', ')}`,
    {
      suggestions: [
        `as it was trained: ${[['eval.task', task], ...settings].map(([key, value]) => `--set ${key}=${value}`).join(' ')}`,
        'next-token prediction: --data DIR',
      ],
    },
  )
}

/** Says where modes are evaluated that nobody chose, and that are not the usual ones. */
export function sayModes({config, sources}: SourcedConfig, command: string, {log}: Pick<Progress, 'log'>): void {
  const source = sources.get('eval.modes') ?? 'default'
  if (source.startsWith('default of ')) log(`${command}: eval.modes is ${config.eval.modes.join(', ')}, the ${source}`)
}
