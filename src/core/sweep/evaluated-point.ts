import type {SourcedConfig} from '../config/load.js'
import type {Config} from '../config/schema.js'
import {evaluatedTask} from '../evaluation/evaluated-task.js'
import {withRunSettings} from '../evaluation/run-settings.js'
import type {ModelConfig} from '../models/model-config.js'
import {openPrepared, type PreparedData, withoutDocuments} from '../prepared/prepared.js'
import {dataFor} from '../runs/check-model.js'
import {type ModelPlace, readModel, tokenizerFolder} from '../runs/model-place.js'
import {tasks} from '../tasks/tasks.js'
import type {SweepPoint} from './points.js'

/** What a checkpoint of a point is evaluated with, weights aside. */
export interface EvaluatedPoint {
  readonly config: Config
  readonly data: PreparedData
  readonly model: ModelConfig
}

/**
 * Opens what a checkpoint of a point is evaluated with: in the template of its run, and otherwise as the sweep says.
 *
 * @param place of the checkpoint
 * @param loaded the settings of the sweep
 * @throws {UsageError} when thoughts are asked of a run that does not know the template of its rows
 * @throws {DataError} when its data or its tokenizer cannot be read, or do not belong together
 */
export async function openPoint(point: SweepPoint, place: ModelPlace, loaded: SourcedConfig): Promise<EvaluatedPoint> {
  const given = withEvaluationOf(point, loaded)
  const {config} = withRunSettings(given, place.folder, tasks[evaluatedTask(given.config)])
  const {dir} = config.data
  const texts = await (dir === undefined ? withoutDocuments(tokenizerFolder(place)) : openPrepared(dir))
  return {config, data: await dataFor(place, texts), model: await readModel(place)}
}

/** The settings of a point with the evaluation of the sweep, and where each comes from. */
function withEvaluationOf(point: SweepPoint, {config, sources}: SourcedConfig): SourcedConfig {
  const ofEvaluation = [...sources].filter(([key]) => key.startsWith('eval.'))
  return {
    config: {...point.config, eval: config.eval},
    sources: new Map([...point.sources, ...ofEvaluation]),
  }
}
