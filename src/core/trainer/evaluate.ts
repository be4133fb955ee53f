import type {Config} from '../config/schema.js'
import {openPrepared} from '../data/prepared.js'
import {startEngine} from '../engine/start-engine.js'
import {readModelConfig} from '../models/model-config.js'
import type {EvalRow} from '../store/index.js'
import type {Services} from '../util/services.js'
import {checkModelFits, fingerprintOfModel} from './check-model.js'
import {EvaluationLog} from './evaluation-log.js'
import {RunDirectory, refuseOccupied, resolveModel, stepName} from './run-directory.js'
import {type Summary, summarize} from './summary.js'

/** What `rpt eval` found: its `summary.json`. */
export interface EvalSummary extends Summary {
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
  const paths = config.eval.models.length > 0 ? config.eval.models : [config.model.path!]
  const models = await Promise.all(paths.map((path) => resolveModel(path, config.eval.checkpoint)))
  for (const {folder} of models) await checkModelFits(folder, data)
  const run = await RunDirectory.open(config.out!, config, services)
  const engine = startEngine(config)
  try {
    await run.checkInputs({
      data: data.manifest.fingerprints,
      models: models.map(({folder}) => fingerprintOfModel(folder)),
    })
    let rows: readonly EvalRow[] = []
    for (const {folder, run: name, objective, step} of models) {
      const model = await readModelConfig(folder)
      await engine.load({checkpoint: folder})
      const log = await EvaluationLog.open(run, {config, data, engine, model})
      rows = await log.evaluate({run: name, objective, checkpoint: stepName(step), step})
    }
    const summary = {...(await summarize('eval', config, services, started, engine)), rows}
    await run.writeSummary(summary)
    return summary
  } finally {
    await engine.close()
    await run.close()
  }
}
