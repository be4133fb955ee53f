import type {SamplingSettings} from '../nn/distribution.js'
import type {Completion} from '../records/records.js'
import type {Stream} from '../util/rng.js'
import type {ModelState} from './model-state.js'
import {rolloutByLoop} from './rollout-loop.js'
import {rolloutBySteps} from './rollout-steps.js'
import {Sample} from './sample.js'
import type {SessionCache} from './session-cache.js'
import {type Tell, tellNobody} from './tell.js'

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
}

/** The completions of all prompts. */
export interface RolloutResult {
  /** Per prompt, its G completions. */
  readonly groups: readonly (readonly Completion[])[]
  /** Draws whose uniform lay within rounding (1e-6) of a step of the cumulative distribution. */
  readonly uniformsNearStep: number
}

/**
 * Samples G completions per prompt. Every prompt has the same G.
 *
 * Where graphs read host memory in place, each token is a run of its own and finished rows make room for others; elsewhere
 * the whole sampling loop is one run, because every run would copy the weights to the device. Both draw the same tokens.
 */
export async function rolloutPrompts(
  state: ModelState,
  sessions: SessionCache,
  request: RolloutRequest,
  tell: Tell = tellNobody,
): Promise<RolloutResult> {
  const {maxTokens, sampling} = request
  const samples = request.prompts.map(({streams}) => streams.map((stream) => new Sample(stream, maxTokens, sampling)))
  await (sessions.readsInPlace ? rolloutBySteps : rolloutByLoop)(state, sessions, request, samples, tell)
  const nearSteps = samples.flat().reduce((sum, sample) => sum + sample.nearSteps, 0)
  return {
    groups: samples.map((group) => group.map((sample) => sample.completion())),
    uniformsNearStep: sampling.greedy ? 0 : nearSteps,
  }
}
