import type {LoadedConfig} from '../config/load.js'
import type {Config} from '../config/schema.js'
import {checkReferenceLength} from '../data/inexpressible.js'
import {openPrepared, type PreparedData} from '../data/prepared.js'
import {checkTemplate} from '../data/prompts.js'
import {checkMemory} from '../engine/check-memory.js'
import {startEngine} from '../engine/start-engine.js'
import {readModelConfig} from '../models/model-config.js'
import type {EvalRow} from '../store/index.js'
import type {Services} from '../util/services.js'
import {dataFor, fingerprintOfModel} from './check-model.js'
import {type EvaluatedModel, evaluatedModels} from './evaluated-models.js'
import {EvaluationLog} from './evaluation-log.js'
import {evaluationDemand, lengthsOf} from './memory-plan.js'
import {type Origins, originsOf, recordedOrigins} from './origins.js'
import {refuseOccupied} from './output-folder.js'
import type {Predictor} from './predict.js'
import {type PromptSettings, promptSettings} from './prompt-settings.js'
import {RunDirectory, stepName} from './run-directory.js'
import {recordedSettings, sayTakenOver} from './run-settings.js'
import {type Summary, summarize} from './summary.js'

/** What a model was evaluated with. */
export type ModelSettings = {readonly run: string; readonly checkpoint: string} & PromptSettings

/** What `rpt eval` found: its `summary.json`. */
export interface EvalSummary extends Summary {
  /** Commits of the models that the Hub has, by setting. */
  readonly origins: Origins
  /** The templates and lengths that each model was evaluated with, in the modes asked for. */
  readonly models: readonly ModelSettings[]
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
  await refuseOccupied(config.out!, services)
  const data = await openPrepared(config.data.dir!)
  const given = {config, sources: services.sources}
  const models = await evaluatedModels(given, services, services.resume ? recordedOrigins(config.out!) : {})
  await checkSettings(given, data, models, services)
  const engine = startEngine(config)
  try {
    // Whatever is wrong with the first model shows before a directory is made or emptied.
    await engine.load({checkpoint: models[0].folder})
    const recorded = recordedSettings(models.map(({run, loaded}) => ({name: run, loaded})))
    return await evaluateIn({...recorded, data, engine}, models, services, started)
  } finally {
    await engine.close()
  }
}

/** Refuses models and settings that cannot work together, and says what was taken over, before any is loaded. */
async function checkSettings(
  given: LoadedConfig,
  data: PreparedData,
  models: readonly EvaluatedModel[],
  {progress}: Services,
): Promise<void> {
  const {modes, samples} = given.config.eval
  for (const {folder, loaded} of models) {
    const {config} = loaded
    sayTakenOver(given, loaded, progress)
    const own = await dataFor(folder, data)
    if (modes.some((mode) => mode !== 'standard')) checkTemplate(own.tokenizer, config.prompt, config.prompt.maxTokens)
    const demand = evaluationDemand(config, await readModelConfig(folder), lengthsOf(own, config))
    progress.log(checkMemory('eval', demand, config.memory))
  }
  checkReferenceLength(data, models[0].loaded.config, progress)
  if (samples > 0 && !modes.includes('reasoning'))
    progress.warn(`eval.samples is ${samples}, but nothing is sampled: eval.modes has no reasoning`)
}

/** Evaluates in the run directory and writes the summary; the engine holds the first model. */
async function evaluateIn(
  {config, sources, data, engine}: LoadedConfig & Pick<Predictor, 'data' | 'engine'>,
  models: readonly EvaluatedModel[],
  services: Services,
  started: Date,
): Promise<EvalSummary> {
  const origins = originsOf(models.map(({setting, origin}) => [setting, origin]))
  const run = await RunDirectory.open(config.out!, config, {...services, sources}, origins)
  try {
    await run.checkInputs({
      data: data.manifest.fingerprints,
      models: models.map(({folder}) => fingerprintOfModel(folder)),
    })
    const settings: ModelSettings[] = []
    let rows: readonly EvalRow[] = []
    for (const [index, {folder, run: name, objective, step, loaded}] of models.entries()) {
      const model = await readModelConfig(folder)
      if (index > 0) await engine.load({checkpoint: folder})
      const own = {config: loaded.config, data: await dataFor(folder, data)}
      const log = await EvaluationLog.open(run, {...own, engine, model, signal: services.signal})
      rows = await log.evaluate({run: name, objective, checkpoint: stepName(step), step})
      settings.push({run: name, checkpoint: stepName(step), ...settingsOf(own)})
    }
    const summary = {...(await summarize('eval', config, services, started, engine)), origins, models: settings, rows}
    await run.writeSummary(summary)
    return summary
  } finally {
    await run.close()
  }
}

/** Of all modes together. */
function settingsOf(own: Pick<Predictor, 'config' | 'data'>): PromptSettings {
  return Object.assign({}, ...own.config.eval.modes.map((mode) => promptSettings(own, mode)))
}
