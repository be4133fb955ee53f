import {afterAll, describe, expect, it} from 'vitest'
import type {LanguageModelShape} from '../../../../src/core/engine/graphs/language-model.js'
import type {PolicyShape} from '../../../../src/core/engine/graphs/policy.js'
import {type RunLimits, rowCounts} from '../../../../src/core/engine/segments/row-layout.js'
import {SessionCache} from '../../../../src/core/engine/sessions/session-cache.js'
import {ModelState} from '../../../../src/core/engine/state/model-state.js'
import {openSegmented} from '../../../../src/core/engine/update/segmented.js'
import type {MicroBatch, UpdateMode} from '../../../../src/core/engine/update/update-mode.js'
import {openWhole} from '../../../../src/core/engine/update/whole.js'
import type {ModelConfig} from '../../../../src/core/models/model-config.js'
import {Sampler, streamSeed} from '../../../../src/core/util/rng.js'
import {adapted} from '../../../support/adapted.js'
import {tinyModel} from '../../../support/tiny-model.js'

const sizes = {vocab_size: 97, hidden_size: 64, intermediate_size: 96, max_position_embeddings: 512}
const families: Record<string, ModelConfig> = {
  'shared heads, tied head': tinyModel(sizes),
  'biases, own head': tinyModel({...sizes, model_type: 'qwen2', tie_word_embeddings: false}),
  'norms of heads': tinyModel({...sizes, model_type: 'qwen3'}),
  adapters: adapted(tinyModel(sizes)),
  'adapters on some layers': adapted(tinyModel({...sizes, tie_word_embeddings: false}), {
    rank: 18,
    targets: ['v_proj', 'down_proj'],
  }),
  'norms after blocks': tinyModel({...sizes, model_type: 'olmo2'}),
  'adapters, norms after blocks, a rank of several blocks': adapted(tinyModel({...sizes, model_type: 'olmo2'}), {
    rank: 20,
  }),
  'a layer not rotated': tinyModel({...sizes, model_type: 'smollm3', num_hidden_layers: 3, no_rope_layers: [1, 0, 1]}),
}

/** Whole batches in one run; contexts one by one; completions one by one; blocks of queries. */
const limits: Record<string, RunLimits> = {
  'nothing cut': {rows: 1024, tokens: 512, scores: 2 ** 22, keptBytes: 2 ** 30},
  'contexts apart': {rows: 200, tokens: 30, scores: 4 * 4 * 40 * 90, keptBytes: 0},
  'completions apart': {rows: 64, tokens: 7, scores: 4 * 40 * 90, keptBytes: 0},
  'queries in blocks': {rows: 16, tokens: 2, scores: 4 * 16 * 20, keptBytes: 600_000},
}

const sessions = new SessionCache({device: 'cpu', threads: 2})
afterAll(() => sessions.release())

function stateOf(config: ModelConfig): ModelState {
  const state = new ModelState(config)
  state.initialize({embeddingStd: 0.25, linearGain: 1, residualScale: 1}, 1)
  for (const {name} of state.adapters) {
    const sampler = new Sampler(streamSeed(1, name))
    const values = state.weights.get(name)!
    for (let i = 0; i < values.length; i++) values[i] = 0.1 * sampler.normal()
  }
  return state
}

const policyShape: PolicyShape = {contexts: 3, groupSize: 4, contextLength: 48, completionLength: 40, trained: 200}
const objective = {clipEpsilon: 0.2, klCoef: 0, entropyCoef: 0.01}

function policyBatch(shape = policyShape): MicroBatch<PolicyShape> {
  const {context, completion, all} = rowCounts(shape)
  const sampler = new Sampler(streamSeed(3, 'policy-batch'))
  const lengths = Array.from({length: shape.contexts}, (_, i) => shape.contextLength - 5 * i)
  const draw = (count: number, next: () => number) => Float32Array.from({length: count}, next)
  const ids = BigInt64Array.from({length: all}, () => BigInt(sampler.integer(97)))
  const positions = ids.map((_, row) => {
    if (row < context) return BigInt(row % shape.contextLength)
    const at = row - context
    const owner = Math.floor(at / (shape.groupSize * shape.completionLength))
    return BigInt(lengths[owner] + (at % shape.completionLength))
  })
  const {trained} = shape
  return {
    shape,
    inputs: {
      ids,
      positions,
      context_lengths: BigInt64Array.from(lengths, BigInt),
      trained_rows: BigInt64Array.from({length: trained}, (_, i) => BigInt((i * 2) % completion)),
      targets: BigInt64Array.from({length: trained}, () => BigInt(sampler.integer(97))),
      old_logprobs: draw(trained, () => -4.5 + 0.1 * sampler.normal()),
      advantages: draw(trained, () => sampler.normal()),
      completion_mask: draw(trained, () => 1),
      token_weights: draw(trained, () => 1 / trained),
    },
  }
}

const rowShape: LanguageModelShape = {rows: 3, length: 64, trained: 150}

function rowBatch(): MicroBatch<LanguageModelShape> {
  const sampler = new Sampler(streamSeed(3, 'row-batch'))
  const {rows, length, trained} = rowShape
  const ids = BigInt64Array.from({length: rows * length}, () => BigInt(sampler.integer(97)))
  return {
    shape: rowShape,
    inputs: {
      ids,
      positions: ids.map((_, i) => BigInt(i % length)),
      trained_rows: BigInt64Array.from({length: trained}, (_, i) => BigInt(i)),
      targets: BigInt64Array.from({length: trained}, () => BigInt(sampler.integer(97))),
      token_weights: new Float32Array(trained).fill(1 / trained),
    },
  }
}

/** Largest difference of two gradients in units of the largest entry of a tensor. */
function worst(a: ModelState, b: ModelState): number {
  return Math.max(
    ...a.trained.map(({name}) => {
      const [left, right] = [a, b].map((state) => state.gradientSum(name))
      const largest = left.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
      expect(largest, name).toBeGreaterThan(0)
      return left.reduce((most, value, i) => Math.max(most, Math.abs(value - right[i])), 0) / largest
    }),
  )
}

function bothModes(config: ModelConfig, most: RunLimits, mostRows: number) {
  const [whole, segmented] = [stateOf(config), stateOf(config)]
  const cache = new SessionCache({device: 'cpu', threads: 2})
  const open = (state: ModelState) => ({state, sessions: cache, tell: () => {}, mostRows})
  return {
    whole: {state: whole, mode: openWhole(open(whole))},
    segmented: {state: segmented, mode: openSegmented(open(segmented), most)},
    cache,
  }
}

describe('a segmented update', () => {
  for (const [family, config] of Object.entries(families))
    it.each(Object.entries(limits))(`has the gradient of the whole graph: ${family}, %s`, async (_, most) => {
      const batch = policyBatch()
      const {whole, segmented, cache} = bothModes(config, most, rowCounts(batch.shape).all)
      // Twice: sums of several micro-batches.
      const run = async ({mode}: {mode: UpdateMode}) => {
        await mode.policy(batch, 0.7, objective)
        return mode.policy(batch, 0.7, objective)
      }
      const [expected, found] = [await run(whole), await run(segmented)]
      expect(found.policyLogprobs).toEqual(expected.policyLogprobs)
      // The sum over the vocabulary goes in another order for other numbers of rows.
      found.entropy.forEach((entropy, i) => {
        expect(entropy).toBeCloseTo(expected.entropy[i], 5)
      })
      expect(found.loss).toBeCloseTo(expected.loss, 6)
      expect(worst(whole.state, segmented.state)).toBeLessThan(1e-5)
      const frozen = config.adapter ? segmented.state.parameters : []
      expect(frozen.filter(({name}) => segmented.state.hasGradient(name))).toEqual([])
      await cache.release()
    })

  it('has the log-probabilities of other adapters on the same weights', async () => {
    const config = families.adapters
    const batch = policyBatch()
    const {whole, segmented, cache} = bothModes(config, limits['contexts apart'], rowCounts(batch.shape).all)
    const other = new ModelState(config)
    other.initializeAdapters(2)
    const [expected, found] = [
      await whole.mode.logprobsUnder(other.copyTrained(), batch, 0.7),
      await segmented.mode.logprobsUnder(other.copyTrained(), batch, 0.7),
    ]
    expect(found).toEqual(expected)
    await cache.release()
  })

  it.each(Object.entries(limits))('has the log-probabilities of other weights: %s', async (_, most) => {
    const config = families['shared heads, tied head']
    const batch = policyBatch()
    const {whole, segmented, cache} = bothModes(config, most, rowCounts(batch.shape).all)
    const other = new ModelState(config)
    other.initialize({embeddingStd: 0.3, linearGain: 1, residualScale: 1}, 2)
    const [expected, found] = [
      await whole.mode.logprobsUnder(other.weights, batch, 0.7),
      await segmented.mode.logprobsUnder(other.weights, batch, 0.7),
    ]
    expect(found).toEqual(expected)
    expect(segmented.state.hasGradient('model.norm.weight')).toBe(false)
    await cache.release()
  })

  it.each(Object.entries(limits))('of rows has the gradient of the whole graph: %s', async (_, most) => {
    const batch = rowBatch()
    const {whole, segmented, cache} = bothModes(
      families['biases, own head'],
      most,
      batch.shape.rows * batch.shape.length,
    )
    const [expected, found] = [await whole.mode.languageModel(batch), await segmented.mode.languageModel(batch)]
    expect(found).toBeCloseTo(expected, 5)
    expect(worst(whole.state, segmented.state)).toBeLessThan(1e-5)
    await cache.release()
  })
})
