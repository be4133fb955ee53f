import type {LogprobQuery} from '../records/records.js'
import type {SessionOptions} from '../runtime/session.js'
import type {GraphTraffic} from '../runtime/traffic.js'
import type {Tell} from '../util/tell.js'
import type {RolloutRequest, RolloutResult} from './sampling/rollout-request.js'
import type {LogprobSettings} from './scoring/logprobs.js'
import type {ScoreSettings, TokenScores} from './scoring/score.js'
import type {SaveFormat} from './state/checkpoint.js'
import type {WeightSource} from './state/load-state.js'
import type {LanguageModelRequest, LanguageModelUpdate} from './update/language-model-update.js'
import type {PolicyRequest} from './update/policy-request.js'
import type {PolicyUpdate} from './update/policy-update.js'

export type {WeightSource} from './state/load-state.js'

/** What was loaded. */
export interface LoadedModel {
  readonly parameterCount: number
  /** Numbers that its adapters hold; 0 where it has none. */
  readonly adapterCount: number
}

/**
 * Owner of weights, moments and compiled graphs; everything that computes goes through it.
 *
 * One model at a time: `load` replaces weights and forgets moments and the average; the reference stays until it is kept
 * anew.
 */
export interface Engine {
  /** Hands how far a call is to a listener, in a few words; the listener before is not called any more. */
  watch(listener: Tell): void
  /**
   * Loads a model in place of the one before, which is freed first.
   *
   * @throws {DataError} when files are missing, unsound, or do not belong together; the model before is then still there, unless
   *   a value among them turned out not to be finite
   */
  load(source: WeightSource): Promise<LoadedModel>
  /** Keeps a copy of what is trained as the reference of the KL term: fresh adapters leave it the base as it is. */
  keepReference(): Promise<void>
  /** Begins a moving average of the weights as a copy of the present ones. */
  keepAverage(): Promise<void>
  /**
   * Moves the average: tau * average + (1 - tau) * weights.
   *
   * @throws {RuntimeFailure} when none is kept
   */
  blendAverage(tau: number): Promise<void>
  score(sequences: readonly Int32Array[], settings: ScoreSettings): Promise<TokenScores[]>
  /**
   * Natural log-probabilities of the tokens of continuations, [continuation length] float32 for each query. All queries
   * of a step belong in one call.
   *
   * @throws {DataError} when a query is empty or too long
   * @throws {RuntimeFailure} when the average or the reference is asked and none is kept
   */
  logprobs(queries: readonly LogprobQuery[], settings: LogprobSettings): Promise<Float32Array[]>
  rollout(request: RolloutRequest): Promise<RolloutResult>
  /** One GRPO update, or null without signal; `isOnPolicy` says whether the weights are still those that sampled. */
  updatePolicy(request: PolicyRequest, isOnPolicy: boolean): Promise<PolicyUpdate | null>
  /** One update of next-token prediction, or null where no row has a target. */
  updateLanguageModel(request: LanguageModelRequest): Promise<LanguageModelUpdate | null>
  /**
   * Writes weights (float32 unless `format` says otherwise) and config.json, or in their place the adapters of a model that
   * has some, and the optimizer's state if asked to, with which the float32 weights go where those saved are rounded, and
   * the average where one is kept.
   */
  save(folder: string, withOptimizer: boolean, format?: SaveFormat): Promise<void>
  /** Restores the optimizer's state that `save` wrote, and the average where there is one. */
  restoreOptimizer(folder: string): Promise<void>
  /** What all runs so far were fed and handed out, bytes. */
  passedBytes(): Promise<GraphTraffic>
  /** Peak resident memory of the process so far, bytes. */
  peakMemory(): Promise<number>
  close(): Promise<void>
}

/** What an engine works with. */
export interface EngineOptions extends SessionOptions {
  /** Memory to count on where graphs run, GiB; what there is left when absent. Compiled graphs keep a share of it. */
  readonly limitGiB?: number
}
