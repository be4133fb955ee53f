import {existsSync} from 'node:fs'
import {join} from 'node:path'
import type {SourcedConfig} from '../config/load.js'
import type {Config} from '../config/schema.js'
import {withGeneration} from '../evaluation/generation-settings.js'
import type {ModelConfig} from '../models/model-config.js'
import type {PreparedData} from '../prepared/prepared.js'
import {generationFolders} from '../runs/model-place.js'
import {refuseOtherRun} from '../runs/rehearse-resume.js'
import type {ResumePoint} from '../runs/run-checkpoints.js'
import {modelInputs} from '../runs/run-identity.js'
import {evalTable, metricsTable, readTable} from '../tables/index.js'
import type {Services} from '../util/services.js'
import {isEvaluationDue} from './is-due.js'
import {warnOfRateJump} from './rate-jump.js'
import {fingerprintOfStart, type StartingModel} from './starting-model.js'
import {trainingFiles} from './training-inputs.js'

interface Found {
  readonly source: StartingModel
  readonly model: ModelConfig
  /** Null where none are asked for, or not there yet. */
  readonly data: PreparedData | null
  readonly resumed: ResumePoint | null
}

/**
 * `--dry-run --resume`: whether the run in `out` can go on, and whether there is anything to do.
 *
 * @throws {UsageError} when it was begun with other settings or inputs
 */
export function rehearseResume(loaded: SourcedConfig, services: Services, {source, model, data, resumed}: Found): void {
  const {config} = loaded
  const isThere = source.isWhole && (data !== null || config.data.dir === undefined)
  const inputs = isThere
    ? {...trainingFiles(config, data), ...modelInputs('model', fingerprintOfStart(source), model)}
    : null
  refuseOtherRun(withGeneration(loaded, generationFolders(source.place)).config, services, inputs)
  if (!resumed) return
  const {step} = resumed.state
  if (step === config.train.steps)
    services.progress.log(lacksEvaluation(config, step) ? onlyEvaluationLine(step) : completeLine(step))
  const metrics = join(config.out!, 'metrics.arrow')
  if (existsSync(metrics)) warnOfRateJump(readTable(metrics, metricsTable), config, step, services.progress)
}

/** Whether a run goes on with the evaluation of a step. */
function lacksEvaluation(config: Config, step: number): boolean {
  const file = join(config.out!, 'eval.arrow')
  const rows = existsSync(file) ? readTable(file, evalTable) : []
  return isEvaluationDue(step, config) && !rows.some((row) => row.step === step)
}

function onlyEvaluationLine(step: number): string {
  return `all ${step} steps are taken; the evaluation of the last is left to do`
}

/** What a resumed run says that has taken all its steps. */
export function completeLine(step: number): string {
  return `already complete at step ${step}`
}
