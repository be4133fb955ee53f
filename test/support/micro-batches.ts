import type {LanguageModelShape} from '../../src/core/engine/graphs/language-model.js'
import type {PolicyShape} from '../../src/core/engine/graphs/policy.js'
import {type RunLimits, rowCounts} from '../../src/core/engine/segments/row-layout.js'
import {ModelState} from '../../src/core/engine/state/model-state.js'
import type {MicroBatch} from '../../src/core/engine/update/update-mode.js'
import type {ModelConfig} from '../../src/core/models/model-config.js'
import {Sampler, streamSeed} from '../../src/core/util/rng.js'
import {adapted} from './adapted.js'
import {tinyModel} from './tiny-model.js'

const sizes = {vocab_size: 97, hidden_size: 64, intermediate_size: 96, max_position_embeddings: 512}
/** Small models of every family and form of adapters. */
export const families: Record<string, ModelConfig> = {
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
export const limits: Record<string, RunLimits> = {
  'nothing cut': {rows: 1024, tokens: 512, scores: 2 ** 22, keptBytes: 2 ** 30, allBytes: 2 ** 30},
  'contexts apart': {rows: 200, tokens: 30, scores: 4 * 4 * 40 * 90, keptBytes: 0, allBytes: 0},
  'completions apart': {rows: 64, tokens: 7, scores: 4 * 40 * 90, keptBytes: 0, allBytes: 0},
  'queries in blocks': {rows: 16, tokens: 2, scores: 4 * 16 * 20, keptBytes: 600_000, allBytes: 0},
}

/** Random weights, and adapters that are not 0. */
export function stateOf(config: ModelConfig): ModelState {
  const state = new ModelState(config)
  state.initialize({embeddingStd: 0.25, linearGain: 1, residualScale: 1}, 1)
  for (const {name} of state.adapters) {
    const sampler = new Sampler(streamSeed(1, name))
    const values = state.weights.get(name)!
    for (let i = 0; i < values.length; i++) values[i] = 0.1 * sampler.normal()
  }
  return state
}

/** Three contexts of different lengths. */
export const policyShape: PolicyShape = {
  contexts: 3,
  groupSize: 4,
  contextLength: 48,
  completionLength: 40,
  trained: 200,
}
export const objective = {clipEpsilon: 0.2, klCoef: 0, entropyCoef: 0.01}

/** Random tokens in the row order of a policy's graph. */
export function policyBatch(shape = policyShape): MicroBatch<PolicyShape> {
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

export const rowShape: LanguageModelShape = {rows: 3, length: 64, trained: 150}

/** Random rows of text. */
export function rowBatch(): MicroBatch<LanguageModelShape> {
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
