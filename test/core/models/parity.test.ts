import {describe, expect, it} from 'vitest'
import {decoderGraph, outputGradients} from '../../../src/core/engine/graphs/decoder-graph.js'
import {hiddenStates, logitsOf} from '../../../src/core/models/decoder.js'
import type {ModelConfig} from '../../../src/core/models/model-config.js'
import {causalAttention} from '../../../src/core/nn/attention.js'
import {logProbabilities} from '../../../src/core/nn/distribution.js'
import type {FloatType} from '../../../src/core/onnx/types.js'
import {Session} from '../../../src/core/runtime/session.js'
import {asCheckpoint, modelFeeds, randomWeights} from '../../support/random-weights.js'
import {referenceLogprobs} from '../../support/reference-decoder.js'
import {tinyModel} from '../../support/tiny-model.js'

const sequences = [
  [1, 4, 7, 9, 3, 3, 10, 2],
  [1, 0, 5, 5, 5, 8, 6, 4],
]
const length = 8

const families = ['llama', 'qwen2', 'qwen3', 'smollm3', 'olmo2'].flatMap((model_type) =>
  [true, false].flatMap((tie_word_embeddings) =>
    [4, 2, 1].map((num_key_value_heads) => ({
      model_type,
      tie_word_embeddings,
      num_key_value_heads,
      head_dim: 4,
      // The second of the two layers, where the family reads the field.
      ...(model_type === 'smollm3' && {no_rope_layer_interval: 2}),
      // Biases on all four projections, where the family reads the field.
      attention_bias: num_key_value_heads === 2,
    })),
  ),
)

async function graphLogprobs(config: ModelConfig, float: FloatType): Promise<number[]> {
  const {op, weights} = decoderGraph(config, length, {float})
  const count = sequences.length * length
  const tokens = {ids: op.indexInput('ids', [count]), positions: op.indexInput('positions', [count])}
  const attend = causalAttention(op, config, {rows: sequences.length, length})
  const logits = logitsOf(
    op,
    weights,
    hiddenStates(op, weights, tokens, () => attend),
  )
  const logprobs = logProbabilities(op, logits, 1)
  op.graph.output('logprobs', logprobs)
  // Without a gradient onnxruntime fuses silu into QuickGelu, which has no float64 kernel.
  outputGradients({op, weights}, op.total(logprobs))
  const session = await Session.compile(op.graph, {device: 'cpu', threads: 1})
  const outputs = await session.run({
    ...modelFeeds(config, randomWeights(config, 7), length, float),
    ids: BigInt64Array.from(sequences.flat(), BigInt),
    positions: BigInt64Array.from({length: count}, (_, i) => BigInt(i % length)),
  })
  await session.release()
  return Array.from(outputs.logprobs, Number)
}

describe('log-probabilities of the graph agree with a decoder in plain loops', () => {
  it.each(families)('$model_type, tied head $tie_word_embeddings, $num_key_value_heads of 4 heads', async (changes) => {
    const config = tinyModel(changes)
    const checkpoint = asCheckpoint(config, randomWeights(config, 7))
    const expected = sequences.flatMap((ids) => referenceLogprobs(config, checkpoint, ids)).flat()
    const worst = async (float: FloatType) =>
      Math.max(...(await graphLogprobs(config, float)).map((value, i) => Math.abs(value / expected[i] - 1)))
    expect(await worst('float64')).toBeLessThan(1e-9)
    expect(await worst('float32')).toBeLessThan(1e-4)
  })
})
