import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {findKey} from '../config/keys.js'
import type {SourcedConfig} from '../config/load.js'
import type {UpdateModeName} from '../config/names.js'
import type {Config} from '../config/schema.js'
import type {MemoryDemand} from '../engine/memory/check-memory.js'
import {evaluatedTask, sayModes} from '../evaluation/evaluated-task.js'
import {evaluationWork, largerWork} from '../evaluation/evaluation-work.js'
import {checkEvaluatedPrompts, checkForcedThought} from '../evaluation/given-thoughts.js'
import {checkMode} from '../evaluation/predict.js'
import {evaluationSettings} from '../evaluation/run-settings.js'
import {demandOf} from '../evaluation/size-settings.js'
import {type ModelConfig, readModelConfig} from '../models/model-config.js'
import type {OpenObjective} from '../objectives/objective.js'
import {isTaught, objectives} from '../objectives/objectives.js'
import {withRowTemplate} from '../objectives/rows/row-template-settings.js'
import {withTaughtTemplate} from '../objectives/taught-template.js'
import {type PreparedData, preparedIn, withoutDocuments} from '../prepared/prepared.js'
import {dataFor} from '../runs/check-model.js'
import {checkModel, tokenizerFolder} from '../runs/model-place.js'
import {type Origins, recordedOrigins} from '../runs/origins.js'
import {refuseOccupied} from '../runs/output-folder.js'
import {findResumePoint, type ResumePoint} from '../runs/run-checkpoints.js'
import type {Task} from '../tasks/task.js'
import {checkItems, tasks} from '../tasks/tasks.js'
import type {Services} from '../util/services.js'
import {type BegunUpdate, chooseUpdateMode} from './choose-update-mode.js'
import {rehearseResume} from './rehearse-resume.js'
import {refuseFewerSteps, refuseNoSteps} from './resume.js'
import {type StartingModel, startingModel} from './starting-model.js'
import {warnOfUnreached} from './unreached-steps.js'

/** What a training run starts from, checked as far as that goes without an engine. */
export interface TrainingStart {
  /** The settings, with the template of the starting checkpoint or of the rows where none is given. */
  readonly loaded: SourcedConfig
  readonly source: StartingModel
  readonly model: ModelConfig
  /** Null where none are asked for, or in a rehearsal not there yet. */
  readonly data: PreparedData | null
  /** The same, or the model's tokenizer alone where none are asked for; null in a rehearsal where it is not known yet. */
  readonly texts: PreparedData | null
  readonly resumed: ResumePoint | null
  readonly opened: OpenObjective
  readonly demand: MemoryDemand
  readonly updateMode: UpdateModeName
  readonly microBatchesAtOnce: number
}

/**
 * Opens all that a training run reads and checks that it fits together: the whole of `--dry-run`, the beginning of `train`.
 *
 * @param begunWith commits that the sweep was begun with; null where the run is no part of one
 * @throws {UsageError} for settings that cannot work, and an output folder that may be neither continued nor replaced
 * @throws {DataError} for inputs that cannot be read or do not belong together
 * @throws {RuntimeFailure} when no step is asked for
 */
export async function openTraining(
  given: Config,
  services: Services,
  begunWith: Origins | null = null,
): Promise<TrainingStart> {
  const loaded = startingSettings({config: given, sources: services.sources}, services)
  const {config} = loaded
  // A sweep checks the steps that it evaluates; points that train for longer may need the others.
  if (begunWith === null) warnOfUnreached(config, services.progress)
  const state = await refuseOccupied(config, services)
  const resumed = state === 'ours' && services.resume ? await findResumePoint(config, services) : null
  if (resumed) refuseFewerSteps(config, resumed)
  refuseNoSteps(config, resumed)
  const recorded = {...begunWith, ...(services.resume && recordedOrigins(config.out!))}
  const inputs = await openInputs(config, {...services, sources: loaded.sources}, recorded, resumed?.state)
  const start = {...inputs, resumed}
  if (services.rehearsal && services.resume && state === 'ours') rehearseResume(start.loaded, services, start)
  return start
}

/** The settings of training that goes on from a run, in the template of that run where it is trained on prompts again. */
export function startingSettings(
  given: SourcedConfig,
  services: Pick<Services, 'command' | 'progress'>,
): SourcedConfig {
  const {task} = objectives[given.config.train.objective]
  return task ? withTaughtTemplate(given, tasks[task], services) : given
}

/** What `openTraining` opens, wherever the run will be written. */
export async function openInputs(
  config: Config,
  services: Services,
  recorded: Origins,
  begun?: BegunUpdate,
): Promise<Omit<TrainingStart, 'resumed'>> {
  const prepared = config.data.dir === undefined ? null : await preparedIn(config.data.dir, services)
  const source = await startingModel(config, services, recorded)
  const model = {...(await readModelConfig(source.path)), adapter: source.adapter}
  const given = prepared ?? (await tokenizerAlone(config, source))
  const place = source.place ?? {folder: source.path, base: null}
  const texts = given && (await dataFor(place, given, services.progress))
  if (source.place && source.isWhole) await checkModel(source.place)
  const data = prepared && texts
  const opened = await objectives[config.train.objective].open({
    config,
    model,
    texts,
    data,
    isTaught: source.objective !== null && isTaught(source.objective),
    warn: services.progress.warn,
  })
  const loaded = withTemplateOf(opened, {config, sources: services.sources}, services)
  const task = isEvaluated(config) ? await openEvaluated(settingsToEvaluate(loaded, opened), model, texts, data) : null
  const evaluated = task && {task, tokenizer: texts!.tokenizer}
  if (isEvaluated(config)) sayModes(loaded, 'train', services.progress)
  warnOfWarmup(config, services)
  warnOfRate(config, services)
  const demandIn = (updateMode: UpdateModeName, microBatchesAtOnce: number) =>
    demandOf(config, (settings) => {
      const own = opened.work(withMicroBatchesAtOnce(settings, microBatchesAtOnce))
      const others = isEvaluated(settings) ? evaluationWork(settings, model, evaluated) : {}
      return {...own, ...largerWork(own, others), updateMode, microBatchesAtOnce}
    })
  return {loaded, source, model, data, texts, opened, ...chooseUpdateMode(config, demandIn, begun)}
}

/** The settings with the template that the rows of an objective are in, which its evaluations use. */
function withTemplateOf({rowTemplates}: OpenObjective, given: SourcedConfig, {progress}: Services): SourcedConfig {
  return rowTemplates ? withRowTemplate(given, rowTemplates, progress) : given
}

/**
 * The settings that evaluations of a run are made with; those given where its rows are not there yet.
 *
 * @param asker what asks for evaluations, in words
 * @throws {UsageError} when thoughts are asked of a run that does not know its template
 */
export function settingsToEvaluate(loaded: SourcedConfig, {rowTemplates}: OpenObjective, asker?: string): Config {
  return rowTemplates === null ? loaded.config : evaluationSettings(loaded, asker)
}

/** The settings of an objective whose micro-batches are as large as so many together. */
export function withMicroBatchesAtOnce(config: Config, count: number): Config {
  const {grpo, train} = config
  return {
    ...config,
    grpo: {...grpo, contextsPerMicroBatch: count * grpo.contextsPerMicroBatch},
    train: {...train, rowsPerMicroBatch: count * train.rowsPerMicroBatch},
  }
}

/** The task that evaluations of a training run are about, checked; null where none fall due, or it is not known yet. */
export async function openEvaluated(
  config: Config,
  model: ModelConfig,
  texts: PreparedData | null,
  data: PreparedData | null,
): Promise<Task<unknown> | null> {
  const kind = tasks[evaluatedTask(config)]
  if (!isEvaluated(config)) return null
  checkForcedThought(config)
  if (texts && config.eval.modes.some((mode) => mode !== 'standard'))
    checkEvaluatedPrompts(kind, config, model, texts.tokenizer)
  const known = kind.readsDocuments ? data : texts
  const task = known && (await kind.open({config, data: known, model}))
  if (!task) return null
  for (const mode of config.eval.modes) checkMode(task, mode)
  checkItems(task, 'val')
  return task
}

/** The model's tokenizer in place of data that are not asked for, or in a rehearsal not there yet; null where it has none. */
async function tokenizerAlone({data: {dir}}: Config, source: StartingModel): Promise<PreparedData | null> {
  const {place, isWhole} = source
  if (place === null || !isWhole) return null
  const folder = tokenizerFolder(place)
  return dir === undefined || existsSync(join(folder, 'tokenizer.json')) ? withoutDocuments(folder) : null
}

/** Whether evaluations while training fall due. */
export function isEvaluated({eval: {every}, train: {steps}}: Config): boolean {
  return every > 0 && steps > 0
}

/** Adapters start from zero and move little: a rate for all weights leaves them there. */
function warnOfRate({lora, optim: {learningRate}}: Config, {progress}: Services): void {
  if (lora.rank > 0 && learningRate === findKey('optim.learningRate')!.defaultValue)
    progress.warn(
      `optim.learningRate is ${learningRate}, the default, which is meant for training all weights; adapters usually need ten times as much or more: try 1e-4`,
    )
}

function warnOfWarmup({optim: {warmupSteps}, train: {steps}}: Config, {progress}: Services): void {
  if (warmupSteps > steps && steps > 0)
    progress.warn(`optim.warmupSteps is ${warmupSteps} of ${steps} steps: optim.learningRate is never reached`)
}
