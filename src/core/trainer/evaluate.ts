import type {Config} from '../config/schema.js'
import {openPrepared, type PreparedData} from '../data/prepared.js'
import {checkTemplate} from '../data/prompts.js'
import {checkMemory} from '../engine/check-memory.js'
import {startEngine} from '../engine/start-engine.js'
import {readModelConfig} from '../models/model-config.js'
import type {EvalRow} from '../store/index.js'
import {UsageError} from '../util/errors.js'
import {silentProgress} from '../util/progress.js'
import type {Services} from '../util/services.js'
import {dataFor, fingerprintOfModel} from './check-model.js'
import {EvaluationLog} from './evaluation-log.js'
import {evaluationDemand, lengthsOf} from './memory-plan.js'
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
  await refuseOccupied(config, services)
  const data = await openPrepared(config.data.dir!)
  const paths = config.eval.models.length > 0 ? config.eval.models : [config.model.path!]
  const setting = (index: number) => (config.eval.models.length > 0 ? `eval.models[${index}]` : 'model.path')
  const recorded = services.resume ? recordedOrigins(config.out!) : {}
  const models: ResolvedModel[] = []
  for (const [i, path] of paths.entries())
    models.push(await resolveModel(path, config.eval.checkpoint, {...services, recorded: recorded[setting(i)]}))
  checkDistinct(models)
  checkSettings(config, await dataFor(models[0].folder, data), models)
  for (const {folder} of models.slice(1)) await dataFor(folder, data)
  for (const {folder} of models) {
    const settings = withRunSettings(config, folder, {...services, progress: silentProgress})
    const demand = evaluationDemand(settings, await readModelConfig(folder), lengthsOf(data, settings))
    services.progress.log(checkMemory('eval', demand, config.memory))
  }
  const engine = startEngine(config)
  try {
    // Whatever is wrong with the first model shows before a directory is made or emptied.
    await engine.load({checkpoint: models[0].folder})
    const origins = originsOf(models.map(({origin}, i) => [setting(i), origin]))
    return await evaluateIn({config, data, engine}, models, origins, services, started)
  } finally {
    await engine.close()
  }
}

/** Refuses settings that no model could be evaluated with, before any is loaded. */
function checkSettings(
  {eval: {checkpoint, modes}, prompt}: Config,
  data: PreparedData,
  models: readonly ResolvedModel[],
) {
  const [{folder, step}] = models
  if (checkpoint !== undefined && models.length === 1 && step !== checkpoint)
    throw new UsageError(`eval: checkpoint ${checkpoint} of ${folder}, which is one checkpoint and no run directory`, {
      suggestions: ['leave --checkpoint out', 'give the run directory as --model'],
    })
  if (modes.some((mode) => mode !== 'standard')) checkTemplate(data.tokenizer, prompt, prompt.maxTokens)
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
