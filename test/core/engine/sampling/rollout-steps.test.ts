import {describe, expect, it, vi} from 'vitest'
import {rolloutByLoop} from '../../../../src/core/engine/sampling/rollout-loop.js'
import type {RolloutRequest} from '../../../../src/core/engine/sampling/rollout-request.js'
import {rolloutBySteps} from '../../../../src/core/engine/sampling/rollout-steps.js'
import {stopRule} from '../../../../src/core/engine/sampling/stop-rule.js'
import {SessionCache} from '../../../../src/core/engine/sessions/session-cache.js'
import {Session} from '../../../../src/core/runtime/session.js'
import {Sampler, streamSeed} from '../../../../src/core/util/rng.js'
import {promptsOf} from '../../../support/tiny-engine.js'
import {tinyModel} from '../../../support/tiny-model.js'
import {completionsBy} from './completions-by.js'

const layouts = {
  'every head its own keys': {num_attention_heads: 4, num_key_value_heads: 4},
  'heads in pairs': {num_attention_heads: 4, num_key_value_heads: 2},
  'all heads on one': {num_attention_heads: 4, num_key_value_heads: 1},
  'a layer that is not rotated': {model_type: 'smollm3', no_rope_layers: [0, 1]},
  'norms after attention': {model_type: 'olmo2'},
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

it('reads contexts in runs that are padded to their own longest, none with more tokens than the first', async () => {
  const model = tinyModel({vocab_size: 97, hidden_size: 64, intermediate_size: 96, max_position_embeddings: 8192})
  const lengths = [6001, 1025, 1025, 1025, 1025, 1025, 65, 65]
  const request: RolloutRequest = {
    prompts: promptsOf(lengths, 1),
    maxTokens: 1,
    contextsPerBatch: lengths.length,
    sampling: {temperature: 1, greedy: true, endIds: []},
  }
  const get = vi.spyOn(SessionCache.prototype, 'get')
  const together = await completionsBy(rolloutBySteps, model, request)
  const runs = get.mock.calls.flatMap(([kind, shape]) => (kind === 'prefill' ? [shape] : []))
  get.mockRestore()
  expect(runs).toEqual([
    {contexts: 1, contextLength: 6144},
    {contexts: 4, contextLength: 1024},
    {contexts: 4, contextLength: 1024},
  ])
  expect(together).toEqual(await completionsBy(rolloutBySteps, model, {...request, contextsPerBatch: 1}))
})

it("frees a token's keys and values once they are in their page, and a page once a larger one has them", async () => {
  const model = tinyModel({vocab_size: 97, hidden_size: 64, intermediate_size: 96})
  const run = vi.spyOn(Session.prototype, 'run')
  const sampling = {temperature: 1, greedy: true, endIds: []}
  await completionsBy(rolloutBySteps, model, {prompts: promptsOf([5], 2), maxTokens: 40, contextsPerBatch: 1, sampling})
  const entries = await Promise.all(run.mock.results.map(async ({value}) => (await value).entries?.length))
  const fed = run.mock.calls.flatMap(([feeds]) => (feeds.own_keys_0_0 ? [feeds.own_keys_0_0] : []))
  run.mockRestore()
  expect(entries.filter((length) => length !== undefined)).toEqual(new Array(40).fill(0))
  const pages = [...new Set(fed)].map(({length}) => length)
  expect(pages.length, 'pages of several sizes').toBeGreaterThan(1)
  expect(pages.filter((length) => length > 0)).toHaveLength(1)
})

describe('a stop text', () => {
  /** Each token of the vocabulary is two of ten letters. */
  const bytesOf = (id: number) => new TextEncoder().encode(`${id % 10}${Math.floor(id / 10)}`)
  const textOf = (ids: Iterable<number>) => Buffer.concat(Array.from(ids, bytesOf)).toString()
  const stop = stopRule(['77', '123'], {vocabSize: 97, bytesOf})
  const model = tinyModel({vocab_size: 97, hidden_size: 64, intermediate_size: 96})
  const request: RolloutRequest = {
    prompts: promptsOf([3, 20, 9, 33, 14], 4),
    maxTokens: 40,
    contextsPerBatch: 3,
    sampling: {temperature: 1, greedy: false, endIds: [7, 8]},
  }

  it.each([
    ['one run per token', rolloutBySteps],
    ['the loop', rolloutByLoop],
  ])('cuts what would have been drawn without it, by %s', async (_, way) => {
    const free = (await completionsBy(way, model, request)).flat()
    const stopped = (await completionsBy(way, model, {...request, stop})).flat()
    const reasons = stopped.map(({ids, oldLogprobs, stopReason}, i) => {
      const {length} = ids
      expect(ids).toEqual(free[i].ids.slice(0, length))
      expect(oldLogprobs).toEqual(free[i].oldLogprobs.slice(0, length))
      const isComplete = /77|123/.test(textOf(ids))
      expect(/77|123/.test(textOf(ids.slice(0, -1))), 'a text before the last token').toBe(false)
      expect(stopReason).toBe(isComplete && ![7, 8].includes(ids.at(-1)!) ? 'stop-string' : free[i].stopReason)
      if (stopReason !== 'stop-string') expect(length).toBe(free[i].ids.length)
      return stopReason
    })
    expect(new Set(reasons)).toEqual(new Set(['stop-string', 'end-of-text', 'length']))
  })
})
