import type {Config} from '../config/schema.js'
import {openPrepared} from '../data/prepared.js'
import {startEngine} from '../engine/start-engine.js'
import {readModelConfig} from '../models/model-config.js'
import type {EvalRow} from '../store/index.js'
import type {Services} from '../util/services.js'
import {checkModelFits} from './check-model.js'
import {EvaluationLog} from './evaluation-log.js'
import {RunDirectory, resolveModel, stepName} from './run-directory.js'
import {type Summary, summarize} from './summary.js'

export interface EvalSummary extends Summary {
  readonly model: string
  /** The rows of eval.arrow. */
  readonly rows: readonly EvalRow[]
}

/** `rpt eval`: a checkpoint and prepared data -> accuracy per split and mode, and every prediction. */
export async function evaluate(config: Config, services: Services): Promise<EvalSummary> {
  const started = new Date()
  const data = await openPrepared(config.data.dir!)
  const {folder, run: name, objective, step} = await resolveModel(config.model.path!, config.eval.checkpoint)
  await checkModelFits(folder, data)
  const run = await RunDirectory.open(config.out!, config, services)
  const engine = startEngine(config)
  try {
    const model = await readModelConfig(folder)
    await engine.load({checkpoint: folder})
    const log = await EvaluationLog.open(run, {config, data, engine, model})
    log.dropAfter()
    const rows = await log.evaluate({run: name, objective, checkpoint: stepName(step), step})
    const summary = {...(await summarize('eval', config, services, started, engine)), model: folder, rows}
    await run.writeSummary(summary)
    return summary
  } finally {
    await engine.close()
    await run.close()
  }
}
