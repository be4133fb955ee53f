import {languageModelGraph} from '../graphs/language-model.js'
import {policyGraph} from '../graphs/policy.js'
import type {OpenUpdate} from './update-mode.js'

/** A micro-batch in one run: fast, but all that the backward pass reads stays in memory. */
export const openWhole: OpenUpdate = ({state, sessions}) => ({
  async policy({shape, inputs}, temperature, objective) {
    const build = () => policyGraph(state.config, shape, temperature, objective)
    const session = await sessions.get('policy', {...shape, temperature, ...objective}, build)
    const outputs = await session.run({...state.feeds(shape.contextLength + shape.completionLength), ...inputs})
    state.accumulate(outputs)
    return {
      loss: Number(outputs.loss[0]),
      policyLogprobs: outputs.policy_logprobs as Float32Array,
      entropy: outputs.entropy as Float32Array,
    }
  },

  async logprobsUnder(weights, {shape, inputs}, temperature) {
    const build = () => policyGraph(state.config, shape, temperature)
    const session = await sessions.get('reference', {...shape, temperature}, build)
    const feeds = state.feeds(shape.contextLength + shape.completionLength, weights)
    return (await session.run({...feeds, ...inputs})).policy_logprobs as Float32Array
  },

  async languageModel({shape, inputs}) {
    const session = await sessions.get('language-model', shape, () => languageModelGraph(state.config, shape))
    const outputs = await session.run({...state.feeds(shape.length), ...inputs})
    state.accumulate(outputs)
    return Number(outputs.loss[0])
  },
})
