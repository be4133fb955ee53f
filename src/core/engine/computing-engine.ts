import type {ModelConfig} from '../models/model-config.js'
import {countOf, parameterCount} from '../models/parameters.js'
import {firstLossScale} from '../optim/loss-scale.js'
import {StepThreads} from '../optim/step-threads.js'
import type {LogprobQuery} from '../records/records.js'
import {freeAllArrays, freeArrays} from '../runtime/output-memory.js'
import {checkPrecision, precisions} from '../runtime/precisions.js'
import {checkDevice} from '../runtime/providers.js'
import type {SessionOptions} from '../runtime/session.js'
import {type GraphTraffic, passedSoFar} from '../runtime/traffic.js'
import {RuntimeFailure} from '../util/errors.js'
import {type Tell, tellNobody} from '../util/tell.js'
import type {Engine, EngineOptions, LoadedModel} from './engine.js'
import {rolloutPrompts} from './sampling/rollout.js'
import type {RolloutRequest, RolloutResult} from './sampling/rollout-request.js'
import {answerQueries, type LogprobSettings} from './scoring/logprobs.js'
import {type ScoreSettings, scoreSequences, type TokenScores} from './scoring/score.js'
import {SessionCache} from './sessions/session-cache.js'
import {invariantThreads} from './sessions/threads.js'
import {saveAdapter} from './state/adapter-checkpoint.js'
import {blend, loadAverage, saveAverage} from './state/average.js'
import {loadOptimizer, type SaveFormat, saveOptimizer, saveWeights} from './state/checkpoint.js'
import {checkSource, loadState, type WeightSource} from './state/load-state.js'
import type {ModelState, Weights} from './state/model-state.js'
import {
  type LanguageModelRequest,
  type LanguageModelUpdate,
  updateLanguageModel,
} from './update/language-model-update.js'
import type {PolicyRequest} from './update/policy-request.js'
import {type PolicyUpdate, updatePolicy} from './update/policy-update.js'

/** Computes with a model that is described to it. `startEngine` runs it in a worker, because a running graph blocks its thread. */
export class ComputingEngine implements Omit<Engine, 'load'> {
  private readonly options: SessionOptions
  private readonly sessions: SessionCache
  private readonly stepThreads: StepThreads
  private state: ModelState | null = null
  private tell: Tell = tellNobody
  private reference: Weights | null = null
  private phase: 'sampling' | 'update' | 'scoring' | null = null

  constructor({limitGiB, ...options}: EngineOptions) {
    this.options = options
    this.stepThreads = new StepThreads(options.threads)
    this.sessions = new SessionCache(options, limitGiB === undefined ? undefined : limitGiB * 2 ** 30)
  }

  watch(listener: Tell): void {
    this.tell = listener
  }

  /** As `Engine.load` does, given what `describeModel` says of the source. */
  async load(source: WeightSource, model: ModelConfig): Promise<LoadedModel> {
    checkPrecision(this.options.device, this.options.precision ?? 'float32')
    await checkDevice(this.options.device)
    checkSource(source, model)
    await this.makeRoomFor(model)
    const state = await loadState(source, model)
    if (precisions[this.options.precision ?? 'float32'].scalesLoss) state.lossScale = firstLossScale
    state.stepThreads = this.stepThreads
    this.state = state
    return {parameterCount: parameterCount(state.config), adapterCount: countOf(state.adapters)}
  }

  async keepReference(): Promise<void> {
    this.reference = this.loaded.copyTrained()
  }

  async keepAverage(): Promise<void> {
    this.loaded.average = this.loaded.copyTrained()
  }

  async blendAverage(tau: number): Promise<void> {
    const {average, weights} = this.loaded
    if (!average) throw new RuntimeFailure('the moving average of the weights cannot be updated, because none was kept')
    blend(average, weights, tau)
  }

  score(sequences: readonly Int32Array[], settings: ScoreSettings): Promise<TokenScores[]> {
    this.enter('scoring')
    return scoreSequences(this.loaded, this.sessions, sequences, settings, this.tell)
  }

  async logprobs(queries: readonly LogprobQuery[], settings: LogprobSettings): Promise<Float32Array[]> {
    this.enter('scoring')
    const {weights: policy, average} = this.loaded
    const models = {policy, average, reference: this.reference}
    return answerQueries(this.loaded, this.sessions, queries, settings, models, this.tell)
  }

  rollout(request: RolloutRequest): Promise<RolloutResult> {
    this.enter('sampling')
    return rolloutPrompts(this.loaded, this.sessions, request, this.tell)
  }

  updatePolicy(request: PolicyRequest, isOnPolicy: boolean): Promise<PolicyUpdate | null> {
    this.enter('update')
    return updatePolicy(this.loaded, this.sessions, request, this.reference, isOnPolicy, this.tell)
  }

  updateLanguageModel(request: LanguageModelRequest): Promise<LanguageModelUpdate | null> {
    this.enter('update')
    return updateLanguageModel(this.loaded, this.sessions, request, this.tell)
  }

  async save(folder: string, withOptimizer: boolean, format: SaveFormat = {dtype: 'float32'}): Promise<void> {
    if (this.loaded.config.adapter) await saveAdapter(this.loaded, folder, format)
    else await saveWeights(this.loaded, folder, format)
    if (!withOptimizer) return
    await saveOptimizer(this.loaded, folder, format.dtype !== 'float32')
    await saveAverage(this.loaded, folder)
  }

  async restoreOptimizer(folder: string): Promise<void> {
    await loadOptimizer(this.loaded, folder)
    loadAverage(this.loaded, folder)
  }

  async peakMemory(): Promise<number> {
    return process.resourceUsage().maxRSS * 1024
  }

  async passedBytes(): Promise<GraphTraffic> {
    return passedSoFar()
  }

  async close(): Promise<void> {
    await this.stepThreads.close()
    await this.sessions.release()
  }

  /** Frees the model before another takes memory: the memory estimate counts one. */
  private async makeRoomFor(model: ModelConfig): Promise<void> {
    // Graphs of this model must not be found under the shapes of the next one.
    await this.sessions.restart(invariantThreads(model, this.options.threads))
    this.state = null
    freeAllArrays()
  }

  /** Begins another phase, of which the memory estimate counts one: what the phase before left is freed. */
  private enter(phase: 'sampling' | 'update' | 'scoring'): void {
    if (phase !== this.phase) freeArrays()
    this.phase = phase
  }

  private get loaded(): ModelState {
    if (!this.state) throw new RuntimeFailure('the engine was used while no model was loaded')
    return this.state
  }
}
