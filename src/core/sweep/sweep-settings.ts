import type {SourcedConfig} from '../config/load.js'
import type {Config} from '../config/schema.js'
import {taskDefaults} from '../config/task-defaults.js'
import {evaluatedTask} from '../evaluation/evaluated-task.js'
import {readGenerationConfig} from '../models/generation-config.js'
import {withValue} from '../runs/with-value.js'
import {groupBy} from '../util/group-by.js'
import type {SweepPoint} from './points.js'

/** A point's settings with the evaluation of the sweep. */
export function evaluatedLikeSweep(point: Config, {eval: evaluation}: Config): Config {
  return {...point, eval: {...evaluation, every: 1}}
}

/** The settings with the modes of the task that the points are trained on, where all have the same and no modes are given. */
export function withTaskModes(own: SourcedConfig, points: readonly SweepPoint[]): SourcedConfig {
  const tasks = new Set(points.map((point) => evaluatedTask(evaluatedLikeSweep(point.config, own.config))))
  const [task] = tasks
  const isOpen = (own.sources.get('eval.modes') ?? 'default') === 'default'
  const modes = tasks.size === 1 ? taskDefaults[task]?.['eval.modes'] : undefined
  if (!isOpen || modes === undefined) return own
  const sources = new Map([...own.sources, ['eval.modes', `default of ${task}`]])
  return {config: withValue(own.config, 'eval.modes', modes), sources}
}

/** Folders of models that say different things of sampling: checkpoints have the file of the model that they began as. */
export function distinctGeneration(folders: Iterable<string>): string[] {
  const said = groupBy([...folders], (folder) => JSON.stringify(readGenerationConfig(folder)))
  return [...said.values()].map(([folder]) => folder)
}
