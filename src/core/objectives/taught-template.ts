import {relative} from 'node:path'
import {type SourcedConfig, valueAt} from '../config/load.js'
import type {Config} from '../config/schema.js'
import {runOf} from '../runs/own-checkpoint.js'
import {recordedConfig} from '../runs/recorded-config.js'
import {withValue} from '../runs/with-value.js'
import type {TaskKind} from '../tasks/task.js'
import type {Services} from '../util/services.js'
import {objectives} from './objectives.js'

/** A run and what its checkpoints know of the prompts of a task. */
export interface TaughtPrompt {
  readonly run: string
  readonly trained: Config
  /** See `ObjectiveKind.trainedPrompt`. */
  readonly prompted: Config | 'none' | 'unknown'
}

/** What a run, or that of a checkpoint, was taught of a task's prompts; null of a path that is neither. */
export function taughtPrompt(path: string, task: TaskKind): TaughtPrompt | null {
  const run = runOf(path)
  if (run === null) return null
  const trained = recordedConfig(run)
  return {run, trained, prompted: objectives[trained.train.objective].trainedPrompt(trained, task.name)}
}

/** Keys of the template and of the chat template that prompts are in: a group counts as given where any of its keys is. */
export function templateGroups({templateKeys}: TaskKind): readonly (readonly string[])[] {
  return [templateKeys, ['prompt.chatTemplate', 'prompt.chatTemplateFile']]
}

/** Whether a key was given, by its source. */
function isGiven(sources: SourcedConfig['sources'], key: string): boolean {
  return (sources.get(key) ?? 'default') !== 'default'
}

/** Whether a template of a task's prompts was given, by any key that says which it is. */
export function isTemplateGiven(sources: SourcedConfig['sources'], {templateKeys}: TaskKind): boolean {
  return templateKeys.some((key) => isGiven(sources, key))
}

/** Settings with those of a run, for all keys of each group of which none is given. */
export function takeOver(
  {config, sources}: SourcedConfig,
  from: Config,
  run: string,
  groups: readonly (readonly string[])[],
): SourcedConfig {
  const keys = groups.filter((group) => !group.some((key) => isGiven(sources, key))).flat()
  return {
    config: keys.reduce((settings, key) => withValue(settings, key, valueAt(from, key)), config),
    sources: new Map([...sources, ...keys.map((key): [string, string] => [key, `run ${shownRun(run)}`])]),
  }
}

/**
 * The settings of work on a task's prompts with the model of `model.path`: in the template that its run was trained in, unless one
 * is given. A model that learned to think in one template knows nothing of another.
 *
 * @param services say so where that is not what would have been, and warn where what is given is not what the run was trained with
 */
export function withTaughtTemplate(
  given: SourcedConfig,
  task: TaskKind,
  {command, progress}: Pick<Services, 'command' | 'progress'>,
): SourcedConfig {
  const {path} = given.config.model
  const taught = path ? taughtPrompt(path, task) : null
  if (taught === null || typeof taught.prompted === 'string') return given
  const own = takeOver(given, taught.prompted, taught.run, templateGroups(task))
  const run = shownRun(taught.run)
  for (const key of templateGroups(task).flat()) {
    const [value, was, known] = [own.config, given.config, taught.prompted].map((config) => valueAt(config, key))
    if (value !== was) progress.log(`${command}: ${key} is ${value}, as of run ${run}`)
    else if (value !== known)
      progress.warn(`${command}: ${key} is ${value}, as given; run ${run} was trained with ${known}`)
  }
  return own
}

/** A run's folder as a reader would type it. */
export function shownRun(run: string): string {
  const local = relative(process.cwd(), run)
  return local.startsWith('..') ? run : local
}
