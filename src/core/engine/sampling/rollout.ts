import type {Stream} from '../../util/rng.js'
import {type Tell, tellNobody} from '../../util/tell.js'
import type {SessionCache} from '../sessions/session-cache.js'
import type {ModelState} from '../state/model-state.js'
import {rolloutByLoop} from './rollout-loop.js'
import type {RolloutRequest, RolloutResult} from './rollout-request.js'
import {rolloutBySteps} from './rollout-steps.js'
import {Sample} from './sample.js'

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
  const {maxTokens, sampling, stop} = request
  const sampleOf = (stream: Stream) => new Sample(stream, maxTokens, sampling, stop)
  const samples = request.prompts.map(({streams}) => streams.map(sampleOf))
  await (sessions.readsInPlace ? rolloutBySteps : rolloutByLoop)(state, sessions, request, samples, tell)
  const nearSteps = samples.flat().reduce((sum, sample) => sum + sample.nearSteps, 0)
  return {
    groups: samples.map((group) => group.map((sample) => sample.completion())),
    uniformsNearStep: sampling.greedy ? 0 : nearSteps,
  }
}
