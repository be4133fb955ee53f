import type {Config} from '../config/schema.js'
import {type PreparedData, preparedIn} from '../data/prepared.js'
import {checkTemplate} from '../data/prompts.js'
import {checkMemory, type MemoryDemand} from '../engine/check-memory.js'
import {checkWeights} from '../engine/checkpoint.js'
import {startEngine} from '../engine/start-engine.js'
import {readModelConfig} from '../models/model-config.js'
import type {EvalRow} from '../store/index.js'
import {UsageError} from '../util/errors.js'
import {silentProgress} from '../util/progress.js'
import type {Services} from '../util/services.js'
import {dataFor, fingerprintOfModel} from './check-model.js'
import {EvaluationLog} from './evaluation-log.js'
import {evaluationDemand, lengthsOf, unknownLengths} from './memory-plan.js'
import {type Origins, originsOf, recordedOrigins} from './origins.js'
import {refuseOccupied} from './output-folder.js'
import type {Predictor} from './predict.js'
import {stepName} from './run-checkpoints.js'
import {type ResolvedModel, RunDirectory, resolveModel} from './run-directory.js'
import {inputsOf} from './run-identity.js'
import {withRunSettings} from './run-settings.js'
import {type Summary, summarize} from './summary.js'

/** What `rpt eval` found: its `summary.json`. */
export interface EvalSummary extends Summary {
  /** Commits of the models that the Hub has, by setting. */
  readonly origins: Origins
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
  const {data, models, origins, demands} = await openEvaluation(config, services)
  for (const demand of demands) services.progress.log(checkMemory('eval', demand, config.memory))
  const engine = startEngine(config)
  try {
    // Whatever is wrong with the first model shows before a directory is made or emptied.
    await engine.load({checkpoint: models[0].folder})
    return await evaluateIn({config, data: data!, engine}, models, origins, services, started)
  } finally {
    await engine.close()
  }
}

/** What an evaluation starts from, checked as far as that goes without an engine. */
export interface EvaluationStart {
  /** Null in a rehearsal where they are not there yet. */
  readonly data: PreparedData | null
  readonly models: readonly ResolvedModel[]
  readonly origins: Origins
  /** Memory that each model needs. */
  readonly demands: readonly MemoryDemand[]
}

/**
 * Opens all that an evaluation reads and checks that it fits together: the whole of `--dry-run`, the beginning of `eval`.
 *
 * @throws {UsageError} for settings that cannot work, and an output folder that may be neither continued nor replaced
 * @throws {DataError} for inputs that cannot be read or do not belong together
 */
export async function openEvaluation(config: Config, services: Services): Promise<EvaluationStart> {
  await refuseOccupied(config, services)
  const data = await preparedIn(config.data.dir!, services)
  const paths = config.eval.models.length > 0 ? config.eval.models : [config.model.path!]
  const setting = (index: number) => (config.eval.models.length > 0 ? `eval.models[${index}]` : 'model.path')
  const recorded = services.resume ? recordedOrigins(config.out!) : {}
  const models: ResolvedModel[] = []
  for (const [i, path] of paths.entries())
    models.push(await resolveModel(path, config.eval.checkpoint, {...services, recorded: recorded[setting(i)]}))
  checkDistinct(models)
  checkStep(config, models)
  const demands: MemoryDemand[] = []
  for (const {folder, isWhole} of models) {
    const model = await readModelConfig(folder)
    if (isWhole) checkWeights(model, folder)
    const own = data && isWhole ? await dataFor(folder, data, services.progress) : null
    const settings = withRunSettings(config, folder, {...services, progress: silentProgress})
    checkPrompts(settings, own)
    demands.push(evaluationDemand(settings, model, own ? lengthsOf(own, settings) : unknownLengths))
  }
  return {data, models, origins: originsOf(models.map(({origin}, i) => [setting(i), origin])), demands}
}

/** Refuses a template that no prompt could be made with, before any model is loaded. */
function checkPrompts({eval: {modes}, prompt}: Config, data: PreparedData | null): void {
  if (data && modes.some((mode) => mode !== 'standard')) checkTemplate(data.tokenizer, prompt, prompt.maxTokens)
}

/** Refuses a step asked of what is one checkpoint and no run. */
function checkStep({eval: {checkpoint}}: Config, models: readonly ResolvedModel[]): void {
  const [{folder, step}] = models
  if (checkpoint !== undefined && models.length === 1 && step !== checkpoint)
    throw new UsageError(`eval: checkpoint ${checkpoint} of ${folder}, which is one checkpoint and no run directory`, {
      suggestions: ['leave --checkpoint out', 'give the run directory as --model'],
    })
}

/** Refuses models that results could not tell apart: rows name a model by its run and step. */
function checkDistinct(models: readonly ResolvedModel[]): void {
  for (const [i, {run, step, folder}] of models.entries()) {
    const twin = models.slice(0, i).find((other) => other.run === run && other.step === step)
    if (twin)
      throw new UsageError(`eval: ${twin.folder} and ${folder} are both called ${run}, step ${step}`, {
        suggestions: ['rename one of the folders', 'evaluate them into two --out folders'],
      })
  }
}

/** Evaluates in the run directory and writes the summary; the engine holds the first model. */
async function evaluateIn(
  {config, data, engine}: Omit<Predictor, 'model'>,
  models: readonly ResolvedModel[],
  origins: Origins,
  services: Services,
  started: Date,
): Promise<EvalSummary> {
  const weights = models.map(({folder, run, step}) => [`model ${run} step ${step}`, fingerprintOfModel(folder)])
  const inputs = {...inputsOf(config, data), ...Object.fromEntries(weights)}
  const run = await RunDirectory.open(config.out!, config, services, {origins, inputs})
  try {
    let rows: readonly EvalRow[] = []
    for (const [index, {folder, run: name, objective, step}] of models.entries()) {
      const model = await readModelConfig(folder)
      if (index > 0) await engine.load({checkpoint: folder})
      const settings = withRunSettings(config, folder, run.services)
      const own = await dataFor(folder, data)
      const log = await EvaluationLog.open(run, {config: settings, data: own, engine, model, signal: services.signal})
      rows = await log.evaluate({run: name, objective, checkpoint: stepName(step), step})
    }
    const summary = {...(await summarize('eval', config, services, started, engine)), origins, rows}
    await run.writeSummary(summary)
    return summary
  } finally {
    await run.close()
  }
}
