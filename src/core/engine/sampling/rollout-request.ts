import type {SamplingSettings} from '../../nn/distribution.js'
import type {Completion} from '../../records/records.js'
import type {Stream} from '../../util/rng.js'
import type {StopRule} from './stop-rule.js'

/** A prompt and, for each of its G completions, the stream of uniforms that draws it. */
export interface RolloutPrompt {
  readonly ids: Int32Array
  readonly streams: readonly Stream[]
}

/** Prompts to complete, and how. */
export interface RolloutRequest {
  readonly prompts: readonly RolloutPrompt[]
  readonly maxTokens: number
  readonly contextsPerBatch: number
  readonly sampling: SamplingSettings
  /** What ends a completion besides end tokens and the limit. */
  readonly stop?: StopRule | null
}

/** The completions of all prompts. */
export interface RolloutResult {
  /** Per prompt, its G completions. */
  readonly groups: readonly (readonly Completion[])[]
  /** Draws whose uniform lay within rounding (1e-6) of a step of the cumulative distribution. */
  readonly uniformsNearStep: number
}
