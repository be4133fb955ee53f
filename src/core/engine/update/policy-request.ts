import type {NormalizerName, UpdateModeName} from '../../config/names.js'
import type {ObjectiveSettings} from '../../grpo/objective.js'
import type {Completion, TokenSpan, TrainingRow} from '../../records/records.js'
import type {OptimizerSettings} from '../state/model-state.js'

/** A prompt with its G completions and their advantages. */
export interface PolicyGroup {
  readonly promptIds: Int32Array
  readonly completions: readonly Completion[]
  readonly advantages: readonly number[]
  /** Tokens of each completion that are trained; all of them when absent. */
  readonly spans?: readonly TokenSpan[]
}

/** Rows of text beside the groups of an update. */
export interface JointRows {
  readonly rows: readonly TrainingRow[]
  readonly rowsPerMicroBatch: number
  /** What the mean negative log-likelihood of their trained tokens is multiplied by. */
  readonly weight: number
}

/** The groups of one GRPO update and its settings. */
export interface PolicyRequest {
  readonly groups: readonly PolicyGroup[]
  readonly temperature: number
  readonly objective: ObjectiveSettings
  /** Mean over all tokens of the request, or mean over completions of their means; or sum over completions x `maxTokens`. */
  readonly lossNormalizer: NormalizerName
  /** Tokens that a completion could have; 1 when absent. */
  readonly maxTokens?: number
  /** Rows whose next-token loss is added, in the same optimizer step. */
  readonly joint?: JointRows
  readonly contextsPerMicroBatch: number
  /** Completions of a context that are computed at once; all of them when absent. */
  readonly completionsPerMicroBatch?: number
  readonly mismatchLimit: number
  readonly optimizer: OptimizerSettings
  readonly mode: UpdateModeName
}
