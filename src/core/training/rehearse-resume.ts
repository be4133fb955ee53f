import type {SourcedConfig} from '../config/load.js'
import {withGeneration} from '../evaluation/generation-settings.js'
import type {PreparedData} from '../prepared/prepared.js'
import {generationFolders} from '../runs/model-place.js'
import {refuseOtherRun} from '../runs/rehearse-resume.js'
import type {ResumePoint} from '../runs/run-checkpoints.js'
import type {Services} from '../util/services.js'
import {trainingFiles} from './training-inputs.js'
import {fingerprintOfSource, type WeightSource} from './weight-source.js'

interface Found {
  readonly source: WeightSource
  /** Null where none are asked for, or not there yet. */
  readonly data: PreparedData | null
  readonly resumed: ResumePoint | null
}

/**
 * `--dry-run --resume`: whether the run in `out` can go on, and whether there is anything to do.
 *
 * @throws {UsageError} when it was begun with other settings or inputs
 */
export function rehearseResume(loaded: SourcedConfig, services: Services, {source, data, resumed}: Found): void {
  const {config} = loaded
  const isThere = source.isWhole && (data !== null || config.data.dir === undefined)
  const inputs = isThere ? {...trainingFiles(config, data), model: fingerprintOfSource(source)} : null
  refuseOtherRun(withGeneration(loaded, generationFolders(source.place)).config, services, inputs)
  if (resumed && resumed.state.step === config.train.steps) services.progress.log(completeLine(resumed.state.step))
}

/** What a resumed run says that has taken all its steps. */
export function completeLine(step: number): string {
  return `already complete at step ${step}`
}
