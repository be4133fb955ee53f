import {existsSync} from 'node:fs'
import {join, relative} from 'node:path'
import {type SourcedConfig, valueAt} from '../config/load.js'
import type {Config} from '../config/schema.js'
import {hashFile} from '../files/index.js'
import {objectives} from '../objectives/objectives.js'
import {recordedConfig} from '../runs/recorded-config.js'
import {readIdentity} from '../runs/run-identity.js'
import {withValue} from '../runs/with-value.js'
import type {TaskKind} from '../tasks/task.js'
import {UsageError} from '../util/errors.js'
import type {Progress} from '../util/progress.js'
import {evaluatedTask} from './evaluated-task.js'

const chatKeys = ['prompt.chatTemplate', 'prompt.chatTemplateFile']

/** What an evaluation takes over from a run, group by group: none of a group of which any key is given. */
function takenOver({templateKeys, sharedKeys}: TaskKind): readonly (readonly string[])[] {
  return [templateKeys, chatKeys, ...sharedKeys]
}

/**
 * The configuration to evaluate a checkpoint with: template and lengths as its run was trained, unless they are given.
 *
 * A model that learned to think in one template knows nothing of another. A run that was trained on no prompts is
 * evaluated as a plain checkpoint is, with the settings given.
 *
 * @param folder checkpoint folder; one that no rpt run wrote changes nothing
 * @param task that is evaluated
 * @returns the configuration with the source of every value, e.g. `run runs/rpt`
 * @throws {UsageError} when thoughts are asked of a run that does not know the template of its rows, or items are to be held
 *   out that it was trained on
 */
export function withRunSettings({config, sources}: SourcedConfig, folder: string, task: TaskKind): SourcedConfig {
  const run = join(folder, '..', '..')
  const file = join(run, 'config.resolved.yaml')
  if (!existsSync(join(folder, 'trainer-state.json')) || !existsSync(file)) return {config, sources}
  const trained = recordedConfig(run)
  const prompted = objectives[trained.train.objective].trainedPrompt(trained, task.name)
  if (prompted === 'none') return {config, sources}
  const isGiven = (key: string) => (sources.get(key) ?? 'default') !== 'default'
  if (prompted === 'unknown' && !task.templateKeys.some(isGiven)) refuseThoughts(config, run)
  const [groups, from] = prompted === 'unknown' ? [task.sharedKeys, trained] : [takenOver(task), prompted]
  const keys = groups.filter((group) => !group.some(isGiven)).flat()
  const own = keys.reduce((settings, key) => withValue(settings, key, valueAt(from, key)), config)
  refuseOtherSplit(own, trained, run, task)
  return {
    config: own,
    sources: new Map([...sources, ...keys.map((key): [string, string] => [key, `run ${shown(run)}`])]),
  }
}

/** Of the files that a run was trained on, another held-out part would hold what it has learned. */
function refuseOtherSplit(config: Config, trained: Config, run: string, {splitKeys, files}: TaskKind): void {
  const changed = splitKeys.find((key) => valueAt(config, key) !== valueAt(trained, key))
  if (changed === undefined) return
  const inputs = readIdentity(run)?.inputs ?? {}
  const read = Object.entries(files(config)).filter(([, file]) => file !== undefined)
  if (read.some(([key, file]) => inputs[key] !== hashFile(file!))) return
  const [now, then] = [config, trained].map((settings) => valueAt(settings, changed) ?? 'unset')
  throw new UsageError(
    `eval: ${changed} is ${now}, but ${shown(run)} was trained on the same file with ${then}: it was trained on items that would be held out now`,
    {suggestions: [`leave ${changed} out: rpt eval takes it from the run`, 'evaluate on another file']},
  )
}

function refuseThoughts({eval: {modes}}: Config, run: string): void {
  const mode = modes.find((one) => one !== 'standard')
  if (mode === undefined) return
  throw new UsageError(
    `eval: ${shown(run)} was trained on rows in a template that it does not name; mode ${mode} needs it`,
    {
      suggestions: [
        'give --set prompt.template=NAME, the template of its rows',
        'evaluate it only with --mode standard',
      ],
    },
  )
}

/**
 * The settings that a run is evaluated with while it trains: those of its prompts, unless a template is given.
 *
 * @throws {UsageError} when thoughts are asked of a run that does not know its template
 */
export function evaluationSettings({config, sources}: SourcedConfig): Config {
  const isGiven = (sources.get('prompt.template') ?? 'default') !== 'default'
  const trained = isGiven ? 'none' : objectives[config.train.objective].trainedPrompt(config, evaluatedTask(config))
  if (typeof trained !== 'string') return trained
  const mode = config.eval.modes.find((one) => one !== 'standard')
  if (trained === 'none' || mode === undefined) return config
  throw new UsageError(`train: eval.every asks for mode ${mode}, but the template of the rows is not known`, {
    suggestions: ['name it as sft.template', 'evaluate only in mode standard: --set eval.modes=standard'],
  })
}

/** Says what was taken over and is not what would have been. */
export function sayTakenOver(
  before: SourcedConfig,
  after: SourcedConfig,
  task: TaskKind,
  {log}: Pick<Progress, 'log'>,
): void {
  for (const key of takenOver(task).flat()) {
    const [value, was] = [after, before].map(({config}) => JSON.stringify(valueAt(config, key)))
    if (value !== was) log(`eval: ${key} is ${shownValue(valueAt(after.config, key))}, as of ${after.sources.get(key)}`)
  }
}

/**
 * What an evaluation of several models is recorded with: values that all of them have, with their sources; none (`null`,
 * so that they are taken over again) in a group where they differ, and as the source what each has.
 */
export function recordedSettings(
  models: readonly {readonly name: string; readonly loaded: SourcedConfig}[],
  task: TaskKind,
): SourcedConfig {
  const [{loaded: first}] = models
  const sources = new Map(first.sources)
  let {config} = first
  for (const group of takenOver(task)) {
    const valuesOf = (key: string) => models.map(({loaded}) => valueAt(loaded.config, key))
    const isShared = group.every((key) => new Set(valuesOf(key).map((value) => JSON.stringify(value))).size === 1)
    for (const key of group) {
      const named = valuesOf(key).map((value, i) => `${models[i].name} ${JSON.stringify(value ?? null)}`)
      const origins = new Set(models.map(({loaded}) => loaded.sources.get(key) ?? 'default'))
      if (!isShared) config = withValue(config, key, undefined)
      sources.set(key, isShared ? [...origins].join(', ') : `by model: ${named.join(', ')}`)
    }
  }
  return {config, sources}
}

function shownValue(value: unknown): string {
  return Array.isArray(value) ? JSON.stringify(value) : String(value)
}

/** A run's folder as a reader would type it. */
function shown(run: string): string {
  const local = relative(process.cwd(), run)
  return local.startsWith('..') ? run : local
}
