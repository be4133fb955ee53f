import {type SourcedConfig, valueAt} from '../config/load.js'
import type {Config} from '../config/schema.js'
import {hashFile} from '../files/index.js'
import {objectives} from '../objectives/objectives.js'
import {isTemplateGiven, shownRun, takeOver, taughtPrompt, templateGroups} from '../objectives/taught-template.js'
import {readIdentity} from '../runs/run-identity.js'
import {withValue} from '../runs/with-value.js'
import type {TaskKind} from '../tasks/task.js'
import {tasks} from '../tasks/tasks.js'
import {UsageError} from '../util/errors.js'
import type {Progress} from '../util/progress.js'
import {evaluatedTask} from './evaluated-task.js'

/** What an evaluation takes over from a run, group by group: none of a group of which any key is given. */
function takenOver(task: TaskKind): readonly (readonly string[])[] {
  return [...templateGroups(task), ...task.sharedKeys]
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
export function withRunSettings(given: SourcedConfig, folder: string, task: TaskKind): SourcedConfig {
  const taught = taughtPrompt(folder, task)
  if (taught === null || taught.prompted === 'none') return given
  const {run, trained, prompted} = taught
  const isUnknown = prompted === 'unknown'
  if (isUnknown && !isTemplateGiven(given.sources, task)) refuseThoughts(given.config, run, task)
  const own = isUnknown
    ? takeOver(given, trained, run, task.sharedKeys)
    : takeOver(given, prompted, run, takenOver(task))
  refuseOtherSplit(own.config, trained, run, task)
  return own
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
    `eval: ${changed} is ${now}, but ${shownRun(run)} was trained on the same file with ${then}: it was trained on items that would be held out now`,
    {suggestions: [`leave ${changed} out: rpt eval takes it from the run`, 'evaluate on another file']},
  )
}

function refuseThoughts({eval: {modes}}: Config, run: string, {templateKeys}: TaskKind): void {
  const mode = modes.find((one) => one !== 'standard')
  if (mode === undefined) return
  throw new UsageError(
    `eval: ${shownRun(run)} was trained on rows in a template that it does not name; mode ${mode} needs it`,
    {
      suggestions: [
        `give --set ${templateKeys[0]}=NAME, the template of its rows`,
        'evaluate it only with --mode standard',
      ],
    },
  )
}

/**
 * The settings that a run is evaluated with while it trains: those of its prompts, unless a template is given.
 *
 * @param asker what asks for evaluations, in words
 * @throws {UsageError} when thoughts are asked of a run that does not know its template
 */
export function evaluationSettings({config, sources}: SourcedConfig, asker = 'train: eval.every'): Config {
  const task = evaluatedTask(config)
  const trained = isTemplateGiven(sources, tasks[task])
    ? 'none'
    : objectives[config.train.objective].trainedPrompt(config, task)
  if (typeof trained !== 'string') return trained
  const mode = config.eval.modes.find((one) => one !== 'standard')
  if (trained === 'none' || mode === undefined) return config
  throw new UsageError(`${asker} asks for mode ${mode}, but the template of the rows is not known`, {
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
