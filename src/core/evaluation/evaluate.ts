import type {SourcedConfig} from '../config/load.js'
import type {Config} from '../config/schema.js'
import type {Engine} from '../engine/engine.js'
import {loadModel} from '../engine/load-model.js'
import {checkMemory, type MemoryDemand} from '../engine/memory/check-memory.js'
import {startEngine} from '../engine/start-engine.js'
import {isTaught} from '../objectives/objectives.js'
import {checkReferenceLength} from '../prepared/inexpressible.js'
import {type PreparedData, preparedIn, withoutDocuments} from '../prepared/prepared.js'
import {dataFor} from '../runs/check-model.js'
import type {ComputeSpent} from '../runs/compute-spent.js'
import {checkModel, type ModelPlace, readModel, sourceOf, tokenizerFolder} from '../runs/model-place.js'
import {type Origins, originsOf, recordedOrigins} from '../runs/origins.js'
import {refuseOccupied} from '../runs/output-folder.js'
import {stepName} from '../runs/run-checkpoints.js'
import {RunDirectory} from '../runs/run-directory.js'
import {inputsOf, refuseReplacedInputs} from '../runs/run-identity.js'
import {type Summary, summarize} from '../runs/summary.js'
import {withSampler} from '../samplers/samplers.js'
import type {EvalRow} from '../tables/index.js'
import type {TaskKind} from '../tasks/task.js'
import {checkItems} from '../tasks/tasks.js'
import {silentProgress} from '../util/progress.js'
import type {Services} from '../util/services.js'
import {type EvaluatedModel, evaluatedModels} from './evaluated-models.js'
import {commandTask, sayModes} from './evaluated-task.js'
import {evaluationCompute} from './evaluation-compute.js'
import {evaluationInputs, rehearseResume} from './evaluation-inputs.js'
import {EvaluationLog} from './evaluation-log.js'
import {evaluationWork} from './evaluation-work.js'
import {sayGeneration} from './generation-settings.js'
import {checkEvaluatedPrompts, checkForcedThought} from './given-thoughts.js'
import {checkMode, type Predictor} from './predict.js'
import {promptSettings, type SettingValues} from './prompt-settings.js'
import {recordedSettings, sayTakenOver} from './run-settings.js'
import {demandOf} from './size-settings.js'

/** What a model was evaluated with. */
export type ModelSettings = {readonly run: string; readonly checkpoint: string} & SettingValues

/** What `rpt eval` found: its `summary.json`. */
export interface EvalSummary extends Summary {
  /** Commits of the models that the Hub has, by setting. */
  readonly origins: Origins
  /** The templates and lengths that each model was evaluated with, in the modes asked for. */
  readonly models: readonly ModelSettings[]
  /** What all predictions took, those of an earlier attempt included; null where an older version did not count them. */
  readonly compute: ComputeSpent | null
  /** The rows of eval.arrow. */
  readonly rows: readonly EvalRow[]
}

/**
 * `rpt eval`: checkpoints and prepared data -> accuracy per split and mode, and every prediction.
 *
 * Several models are evaluated on the same positions; those that an interrupted evaluation has done are not done again.
 */
export async function evaluate(config: Config, services: Services): Promise<EvalSummary> {
  const started = new Date()
  const {data, models, recorded, demands, instructions} = await openEvaluation(config, services)
  for (const line of instructions) services.progress.log(`prompts of ${line}`)
  for (const demand of demands) services.progress.log(checkMemory('eval', demand, config.memory))
  const engine = startEngine(config)
  try {
    // Whatever is wrong with the first model shows before a directory is made or emptied.
    await loadModel(engine, sourceOf(models[0]), services.progress)
    return await evaluateIn({...recorded, data, engine}, models, services, started)
  } finally {
    await engine.close()
  }
}

/** What an evaluation starts from, checked as far as that goes without an engine. */
export interface EvaluationStart {
  /** Null in a rehearsal where they are not there yet, or where the task needs none. */
  readonly data: PreparedData | null
  readonly models: readonly EvaluatedModel[]
  /** What the evaluation is recorded with: some settings come from the checkpoints and runs. */
  readonly recorded: SourcedConfig
  /** Memory that each model needs. */
  readonly demands: readonly MemoryDemand[]
  /** By model: which instruction its prompts are in, and how long it is; none where nothing is prompted. */
  readonly instructions: readonly string[]
}

/**
 * Opens all that an evaluation reads and checks that it fits together: the whole of `--dry-run`, the beginning of `eval`.
 *
 * @throws {UsageError} for settings that cannot work, and an output folder that may be neither continued nor replaced
 * @throws {DataError} for inputs that cannot be read or do not belong together
 */
export async function openEvaluation(config: Config, services: Services): Promise<EvaluationStart> {
  const {progress, sources, resume} = services
  checkForcedThought(config)
  const state = await refuseOccupied(config, services)
  const {dir} = config.data
  const data = dir === undefined ? null : await preparedIn(dir, services)
  const given = {config, sources}
  const models = await evaluatedModels(given, services, resume ? recordedOrigins(config.out!) : {})
  sayGeneration(
    given,
    models.map(({folder}) => folder),
    'eval',
    progress,
  )
  sayModes(given, 'eval', progress)
  const kind = commandTask(config)
  const checked: CheckedModel[] = []
  for (const place of models) {
    sayTakenOver(given, place.loaded, kind, progress)
    checked.push(await checkedModel(place, kind, {data, dir}, progress))
  }
  if (data) checkReferenceLength(data, models[0].loaded.config, progress)
  const {samples, modes} = config.eval
  if (samples > 0 && !modes.includes('reasoning'))
    progress.warn(`eval.samples is ${samples}, but nothing is sampled, because eval.modes does not contain reasoning`)
  if (services.rehearsal && resume && state === 'ours') await rehearseResume(config, services, data, models)
  const named = models.map(({run, loaded}) => ({name: run, loaded}))
  return {
    data,
    models,
    recorded: recordedSettings(named, kind),
    demands: checked.map(({demand}) => demand),
    instructions: checked.flatMap(({instruction}) => instruction ?? []),
  }
}

/** What the check of a model tells. */
interface CheckedModel {
  /** Memory that it needs. */
  readonly demand: MemoryDemand
  /** Which instruction its prompts are in, and how long it is; null where nothing is prompted. */
  readonly instruction: string | null
}

/** Checks that a model, its prompts and the items of the task fit together, as far as they are there. */
async function checkedModel(
  place: EvaluatedModel,
  kind: TaskKind,
  {data, dir}: {readonly data: PreparedData | null; readonly dir: string | undefined},
  progress: Services['progress'],
): Promise<CheckedModel> {
  const {run, isWhole, objective} = place
  const {config} = place.loaded
  const model = await readModel(place)
  const texts = isWhole ? await textsFor(place, data, dir, progress) : null
  if (isWhole) await checkModel(place)
  const isPrompted = config.eval.modes.some((mode) => mode !== 'standard')
  const warnOfPrompt = isTaught(objective) ? undefined : progress.warn
  const instruction =
    texts && isPrompted ? `${run}: ${checkEvaluatedPrompts(kind, config, model, texts.tokenizer, warnOfPrompt)}` : null
  const task = texts && (await kind.open({config, data: texts, model, warn: progress.warn}))
  if (task) {
    for (const mode of config.eval.modes) checkMode(task, mode)
    checkItems(task, 'val')
  }
  const evaluated = task && {task, tokenizer: texts.tokenizer}
  return {demand: demandOf(config, (changed) => ({model, ...evaluationWork(changed, model, evaluated)})), instruction}
}

/** Prepared data as a model reads them, or its tokenizer alone where none are named; null where they are not there yet. */
async function textsFor(
  place: ModelPlace,
  data: PreparedData | null,
  dir: string | undefined,
  progress: Services['progress'],
): Promise<PreparedData | null> {
  if (dir !== undefined && !data) return null
  return dataFor(place, data ?? (await withoutDocuments(tokenizerFolder(place))), progress)
}

/** Evaluates in the run directory and writes the summary; the engine holds the first model. */
async function evaluateIn(
  {config, sources, data, engine}: SourcedConfig & Pick<EvaluationStart, 'data'> & {readonly engine: Engine},
  models: readonly EvaluatedModel[],
  services: Services,
  started: Date,
): Promise<EvalSummary> {
  const inputs = await evaluationInputs(config, data, models)
  const origins = originsOf(models.map(({setting, origin}) => [setting, origin]))
  const run = await RunDirectory.open(config.out!, config, {...services, sources}, {origins, inputs})
  try {
    const settings: ModelSettings[] = []
    let rows: readonly EvalRow[] = []
    for (const [index, place] of models.entries()) {
      const {run: name, objective, step, loaded} = place
      const model = await readModel(place)
      if (index > 0) await loadModel(engine, sourceOf(place), run.services.progress)
      const texts = (await textsFor(place, data, config.data.dir, silentProgress))!
      const task = await commandTask(config).open({config: loaded.config, data: texts, model})
      // All models answer the same questions, in the same templates.
      refuseReplacedInputs('eval', inputs, inputsOf(config, data, commandTask(config).files(config)))
      const own = {config: loaded.config, task, tokenizer: texts.tokenizer}
      const opening = {...own, engine, model}
      rows = await withSampler(opening, step, async (sampler) => {
        const log = await EvaluationLog.open(run, {...opening, sampler, signal: services.signal})
        return log.evaluate({run: name, objective, checkpoint: stepName(step), step})
      })
      settings.push({run: name, checkpoint: stepName(step), ...settingsOf(own)})
    }
    const summary: EvalSummary = {
      ...(await summarize('eval', config, services, started, engine)),
      origins,
      models: settings,
      compute: evaluationCompute(rows, {command: 'eval', field: 'compute', file: 'eval.arrow'}, run.services.progress),
      rows,
    }
    await run.writeSummary(summary)
    return summary
  } finally {
    await run.close()
  }
}

/** Of all modes together. */
function settingsOf(own: Pick<Predictor, 'config' | 'task' | 'tokenizer'>): SettingValues {
  const entries = own.config.eval.modes.flatMap((mode) => Object.entries(promptSettings(own, mode)))
  return Object.fromEntries(entries) as SettingValues
}
