import type {ObjectiveSettings} from '../../grpo/objective.js'
import type {TensorData} from '../../runtime/session.js'
import type {Tell} from '../../util/tell.js'
import type {LanguageModelShape} from '../graphs/language-model.js'
import type {PolicyShape} from '../graphs/policy.js'
import type {SessionCache} from '../sessions/session-cache.js'
import type {ModelState, Weights} from '../state/model-state.js'

/** What an update works with. */
export interface UpdateTools {
  readonly state: ModelState
  readonly sessions: SessionCache
  /** Told where within a micro-batch the update is. */
  readonly tell: Tell
  /** Rows of the largest micro-batch. */
  readonly mostRows: number
}

/** A micro-batch in the row order of its whole graph: shape, and what that graph is fed besides weights. */
export interface MicroBatch<Shape> {
  readonly shape: Shape
  readonly inputs: Readonly<Record<string, TensorData>>
}

/** What a policy says of the trained tokens, [trained] each. */
export interface PolicyOutputs {
  readonly loss: number
  readonly policyLogprobs: Float32Array
  /** Nats. */
  readonly entropy: Float32Array
}

/** How the micro-batches of one update are computed. Both ways give the same up to rounding; gradients go to the state. */
export interface UpdateMode {
  policy(batch: MicroBatch<PolicyShape>, temperature: number, objective: ObjectiveSettings): Promise<PolicyOutputs>
  /** Log-probabilities of the trained tokens under other weights of the same shapes. */
  logprobsUnder(weights: Weights, batch: MicroBatch<PolicyShape>, temperature: number): Promise<Float32Array>
  /** The loss. */
  languageModel(batch: MicroBatch<LanguageModelShape>): Promise<number>
}

/** Begins an update. */
export type OpenUpdate = (tools: UpdateTools) => UpdateMode
