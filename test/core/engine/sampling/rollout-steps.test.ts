import {expect, it} from 'vitest'
import {rolloutByLoop} from '../../../../src/core/engine/sampling/rollout-loop.js'
import type {RolloutRequest} from '../../../../src/core/engine/sampling/rollout-request.js'
import {rolloutBySteps} from '../../../../src/core/engine/sampling/rollout-steps.js'
import {Sampler, streamSeed} from '../../../../src/core/util/rng.js'
import {promptsOf} from '../../../support/tiny-engine.js'
import {tinyModel} from '../../../support/tiny-model.js'
import {completionsBy} from './completions-by.js'

const layouts = {
  'every head its own keys': {num_attention_heads: 4, num_key_value_heads: 4},
  'heads in pairs': {num_attention_heads: 4, num_key_value_heads: 2},
  'all heads on one': {num_attention_heads: 4, num_key_value_heads: 1},
}

it.each(Object.entries(layouts).flatMap(([name, layout]) => [1, 2, 3].map((seed) => ({name, layout, seed}))))(
  'one run per token draws what the loop draws, bit for bit: $name, case $seed',
  async ({layout, seed}) => {
    const model = tinyModel({vocab_size: 97, hidden_size: 64, intermediate_size: 96, ...layout})
    const sampler = new Sampler(streamSeed(seed, 'case'))
    const lengths = Array.from({length: 3 + sampler.integer(8)}, () => 1 + sampler.integer(60))
    const request: RolloutRequest = {
      prompts: promptsOf(lengths, 1 + sampler.integer(6)),
      maxTokens: 5 + sampler.integer(40),
      contextsPerBatch: 1 + sampler.integer(5),
      // A fifth of the vocabulary ends a completion, so that rows leave at all times.
      sampling: {temperature: 1, greedy: false, endIds: [...Array(97).keys()].filter((id) => id % 19 === seed)},
    }
    const stepped = await completionsBy(rolloutBySteps, model, request)
    expect(stepped).toEqual(await completionsBy(rolloutByLoop, model, request))
    expect(new Set(stepped.flat().map(({ids}) => ids.length)).size, 'different lengths').toBeGreaterThan(2)
  },
)
