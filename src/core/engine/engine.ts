import {readModelConfig} from '../models/model-config.js'
import {parameterCount} from '../models/parameters.js'
import type {SessionOptions} from '../runtime/session.js'
import {RuntimeFailure} from '../util/errors.js'
import {type Tell, tellNobody} from '../util/tell.js'
import {rolloutPrompts} from './sampling/rollout.js'
import type {RolloutRequest, RolloutResult} from './sampling/rollout-request.js'
import {type ScoreSettings, scoreSequences, type TokenScores} from './scoring/score.js'
import {SessionCache} from './sessions/session-cache.js'
import {sessionBudget} from './sessions/session-memory.js'
import {invariantThreads} from './sessions/threads.js'
import {
  checkWeights,
  loadOptimizer,
  loadWeights,
  type SaveFormat,
  saveOptimizer,
  saveWeights,
} from './state/checkpoint.js'
import {type InitializationSettings, ModelState} from './state/model-state.js'
import {
  type LanguageModelRequest,
  type LanguageModelUpdate,
  updateLanguageModel,
} from './update/language-model-update.js'
import {type PolicyRequest, type PolicyUpdate, updatePolicy} from './update/policy-update.js'

/** Where weights come from: a checkpoint folder, or random numbers in the shape of a `config.json`. */
export type WeightSource =
  | {readonly checkpoint: string}
  | {readonly config: string; readonly init: InitializationSettings; readonly seed: number}

/** What was loaded. */
export interface LoadedModel {
  readonly parameterCount: number
}

/**
 * Owner of weights, moments and compiled graphs; everything that computes goes through it.
 *
 * One model at a time: `load` replaces weights and forgets moments; the reference stays until it is kept anew.
 */
export interface Engine {
  /** Hands how far a call is to a listener, in a few words; the listener before is not called any more. */
  watch(listener: Tell): void
  load(source: WeightSource): Promise<LoadedModel>
  /** Keeps a frozen copy of the present weights as the reference of the KL term. */
  keepReference(): Promise<void>
  score(sequences: readonly Int32Array[], settings: ScoreSettings): Promise<TokenScores[]>
  rollout(request: RolloutRequest): Promise<RolloutResult>
  /** One GRPO update, or null without signal; `isOnPolicy` says whether the weights are still those that sampled. */
  updatePolicy(request: PolicyRequest, isOnPolicy: boolean): Promise<PolicyUpdate | null>
  /** One update of next-token prediction, or null where no row has a target. */
  updateLanguageModel(request: LanguageModelRequest): Promise<LanguageModelUpdate | null>
  /**
   * Writes weights (float32 unless `format` says otherwise) and config.json, and the optimizer's state if asked to, with
   * which the float32 weights go where those saved are rounded.
   */
  save(folder: string, withOptimizer: boolean, format?: SaveFormat): Promise<void>
  /** Restores the optimizer's state that `save` wrote. */
  restoreOptimizer(folder: string): Promise<void>
  /** Peak resident memory of the process so far, bytes. */
  peakMemory(): Promise<number>
  close(): Promise<void>
}

/** What an engine works with. */
export interface EngineOptions extends SessionOptions {
  /** Memory to count on, GiB; what the machine has left when absent. Compiled graphs keep a share of it. */
  readonly limitGiB?: number
}

/** The engine in this thread. `startEngine` runs it in a worker, because a running graph blocks its thread. */
export class LocalEngine implements Engine {
  private readonly options: SessionOptions
  private readonly sessions: SessionCache
  private state: ModelState | null = null
  private tell: Tell = tellNobody
  private reference: ReadonlyMap<string, Float32Array> | null = null

  constructor({limitGiB, ...options}: EngineOptions) {
    this.options = options
    this.sessions = new SessionCache(options, limitGiB === undefined ? undefined : sessionBudget(limitGiB * 2 ** 30))
  }

  watch(listener: Tell): void {
    this.tell = listener
  }

  async load(source: WeightSource): Promise<LoadedModel> {
    await this.sessions.checkDevice()
    const config = await readModelConfig('checkpoint' in source ? source.checkpoint : source.config)
    if ('checkpoint' in source) checkWeights(config, source.checkpoint)
    const state = new ModelState(config)
    if ('checkpoint' in source) await loadWeights(state, source.checkpoint)
    else state.initialize(source.init, source.seed)
    // Graphs of another model must not be found under the shapes of this one.
    await this.sessions.restart(invariantThreads(config, this.options.threads))
    this.state = state
    return {parameterCount: parameterCount(config)}
  }

  async keepReference(): Promise<void> {
    this.reference = new Map([...this.loaded.weights].map(([name, weight]) => [name, weight.slice()]))
  }

  score(sequences: readonly Int32Array[], settings: ScoreSettings): Promise<TokenScores[]> {
    return scoreSequences(this.loaded, this.sessions, sequences, settings, this.tell)
  }

  rollout(request: RolloutRequest): Promise<RolloutResult> {
    return rolloutPrompts(this.loaded, this.sessions, request, this.tell)
  }

  updatePolicy(request: PolicyRequest, isOnPolicy: boolean): Promise<PolicyUpdate | null> {
    return updatePolicy(this.loaded, this.sessions, request, this.reference, isOnPolicy, this.tell)
  }

  updateLanguageModel(request: LanguageModelRequest): Promise<LanguageModelUpdate | null> {
    return updateLanguageModel(this.loaded, this.sessions, request, this.tell)
  }

  async save(folder: string, withOptimizer: boolean, format: SaveFormat = {dtype: 'float32'}): Promise<void> {
    await saveWeights(this.loaded, folder, format)
    if (withOptimizer) await saveOptimizer(this.loaded, folder, format.dtype !== 'float32')
  }

  restoreOptimizer(folder: string): Promise<void> {
    return loadOptimizer(this.loaded, folder)
  }

  async peakMemory(): Promise<number> {
    return process.resourceUsage().maxRSS * 1024
  }

  close(): Promise<void> {
    return this.sessions.release()
  }

  private get loaded(): ModelState {
    if (!this.state) throw new RuntimeFailure('the engine was used before a model was loaded')
    return this.state
  }
}
