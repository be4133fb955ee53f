import {existsSync} from 'node:fs'
import {join} from 'node:path'
import type {Config} from '../config/schema.js'
import type {PreparedData} from '../prepared/prepared.js'
import {fingerprintOfPlace, readModel} from '../runs/model-place.js'
import {refuseOtherRun} from '../runs/rehearse-resume.js'
import {stepName} from '../runs/run-checkpoints.js'
import {inputOfModel, inputsOf, modelInputs, type RunInputs} from '../runs/run-identity.js'
import {evalTable, readTable} from '../tables/index.js'
import type {Services} from '../util/services.js'
import type {EvaluatedModel} from './evaluated-models.js'
import {commandTask} from './evaluated-task.js'
import {doneLine, isDone} from './evaluation-log.js'
import {recordedSettings} from './run-settings.js'

/** Fingerprints of all that an evaluation reads. */
export async function evaluationInputs(
  config: Config,
  data: PreparedData | null,
  models: readonly EvaluatedModel[],
): Promise<RunInputs> {
  const ofModel = async (place: EvaluatedModel) =>
    modelInputs(inputOfModel(place.run, place.step), fingerprintOfPlace(place), await readModel(place))
  const files = inputsOf(config, data, commandTask(config).files(config))
  const inputs = await Promise.all(models.map(ofModel))
  return {...files, ...Object.fromEntries(inputs.flatMap((own) => Object.entries(own)))}
}

/**
 * `--dry-run --resume`: whether the evaluation in `out` can go on, and which models are evaluated already.
 *
 * @throws {UsageError} when it was begun with other settings or inputs
 */
export async function rehearseResume(
  given: Config,
  services: Services,
  data: PreparedData | null,
  models: readonly EvaluatedModel[],
): Promise<void> {
  const named = models.map(({run, loaded}) => ({name: run, loaded}))
  const {config} = recordedSettings(named, commandTask(given))
  const isThere = models.every(({isWhole}) => isWhole) && (data !== null || given.data.dir === undefined)
  refuseOtherRun(config, services, isThere ? await evaluationInputs(config, data, models) : null)
  const file = join(given.out!, 'eval.arrow')
  const rows = existsSync(file) ? readTable(file, evalTable) : []
  for (const {run, step} of models) {
    const subject = {run, checkpoint: stepName(step)}
    if (isDone(rows, subject)) services.progress.log(doneLine(subject))
  }
}
