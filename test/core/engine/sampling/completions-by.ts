import type {rolloutByLoop} from '../../../../src/core/engine/sampling/rollout-loop.js'
import type {RolloutRequest} from '../../../../src/core/engine/sampling/rollout-request.js'
import {Sample} from '../../../../src/core/engine/sampling/sample.js'
import {SessionCache} from '../../../../src/core/engine/sessions/session-cache.js'
import {ModelState} from '../../../../src/core/engine/state/model-state.js'
import type {ModelConfig} from '../../../../src/core/models/model-config.js'

/** Completions of contexts that come and go, drawn by one of the two ways from a random model. */
export async function completionsBy(way: typeof rolloutByLoop, model: ModelConfig, request: RolloutRequest) {
  const state = new ModelState(model)
  state.initialize({embeddingStd: 0.25, linearGain: 1, residualScale: 1}, 1)
  const sessions = new SessionCache({device: 'cpu', threads: 1})
  const {maxTokens, sampling, stop} = request
  const samples = request.prompts.map(({streams}) => streams.map((each) => new Sample(each, maxTokens, sampling, stop)))
  await way(state, sessions, request, samples)
  await sessions.release()
  return samples.map((group) => group.map((sample) => sample.completion()))
}
