import {describe, expect, it} from 'vitest'
import {languageModelGraph} from '../../../src/core/engine/graphs/language-model.js'
import {policyGraph} from '../../../src/core/engine/graphs/policy.js'
import type {ModelConfig} from '../../../src/core/models/model-config.js'
import {parametersOf} from '../../../src/core/models/parameters.js'
import {rotaryTables} from '../../../src/core/nn/rotary.js'
import type {Graph} from '../../../src/core/onnx/graph.js'
import {Session, type TensorData} from '../../../src/core/runtime/session.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'
import {sizeOf} from '../../../src/core/util/shape.js'
import {worstDifference} from '../../support/grad-check.js'
import {tinyModel} from '../../support/tiny-model.js'

const sampler = new Sampler(streamSeed(3, 'gradients'))
const indices = (values: readonly number[]) => BigInt64Array.from(values, BigInt)
const range = (length: number) => [...Array(length).keys()]

function feedsOf(graph: Graph, config: ModelConfig, fed: Record<string, TensorData>): Record<string, TensorData> {
  const tables = rotaryTables(graph.inputs.find(({name}) => name === 'rotary.cos')!.shape[0], config.headSize, 10000)
  const weights = parametersOf(config).map(({name, shape}) => {
    const offset = name.includes('norm') ? 1 : 0
    return [name, Float64Array.from({length: sizeOf(shape)}, () => offset + 0.6 * sampler.normal())]
  })
  return {...Object.fromEntries(weights), 'rotary.cos': tables.cos, 'rotary.sin': tables.sin, ...fed}
}

async function worstOfAllWeights(graph: Graph, config: ModelConfig, fed: Record<string, TensorData>): Promise<number> {
  const session = await Session.compile(graph, {device: 'cpu', threads: 1})
  const pairs = parametersOf(config).map(({name}) => [name, `gradient/${name}`])
  return worstDifference(session, feedsOf(graph, config, fed), pairs, 24)
}

const families = {
  'llama with tied head': {},
  'qwen2 with biases': {model_type: 'qwen2'},
  'qwen3 with query and key norms, untied': {model_type: 'qwen3', tie_word_embeddings: false},
  'smollm3 with one layer not rotated': {model_type: 'smollm3', no_rope_layer_interval: 2},
  'olmo2 with norms after attention and the feed-forward block': {model_type: 'olmo2'},
}

describe('gradients of the whole decoder agree with central differences in float64', () => {
  it.each(Object.entries(families))('next-token loss, %s', async (_, changes) => {
    const config = tinyModel(changes)
    const shape = {rows: 2, length: 5, trained: 6}
    const {op} = languageModelGraph(config, shape, {float: 'float64'})
    const worst = await worstOfAllWeights(op.graph, config, {
      ids: indices([1, 4, 4, 7, 9, 1, 3, 10, 0, 0]),
      positions: indices([...range(5), ...range(5)]),
      trained_rows: indices([0, 2, 3, 5, 6, 0]),
      targets: indices([4, 7, 9, 3, 10, 0]),
      token_weights: Float64Array.of(0.3, 0.1, 0.2, 0.25, 0.15, 0),
    })
    expect(worst).toBeLessThan(1e-6)
  })

  it.each(Object.entries(families))('GRPO objective with KL and entropy terms, %s', async (_, changes) => {
    const config = tinyModel(changes)
    const shape = {contexts: 2, groupSize: 2, contextLength: 4, completionLength: 3, trained: 10}
    const objective = {clipEpsilon: 0.2, klCoef: 0.1, entropyCoef: 0.05}
    const {op} = policyGraph(config, shape, 0.8, objective, {float: 'float64'})
    const rows = [0, 1, 2, 3, 4, 6, 7, 8, 9, 0]
    const targets = [5, 3, 2, 6, 2, 4, 9, 2, 7, 0]
    const old = targets.map(() => Math.log(1 / 11) + 0.5 * sampler.normal())
    const worst = await worstOfAllWeights(op.graph, config, {
      ids: indices([1, 4, 7, 0, 1, 9, 0, 0, ...[8, 5, 3], ...[8, 6, 0], ...[3, 4, 9], ...[3, 7, 0]]),
      positions: indices([0, 1, 2, 3, 0, 1, 2, 3, ...[3, 4, 5], ...[3, 4, 5], ...[2, 3, 4], ...[2, 3, 4]]),
      context_lengths: indices([3, 2]),
      trained_rows: indices(rows),
      targets: indices(targets),
      old_logprobs: Float64Array.from(old),
      ref_logprobs: Float64Array.from(old, (value) => value + 0.2 * sampler.normal()),
      advantages: Float64Array.from([1, 1, 1, -1, -1, 0.5, 0.5, 0.5, -0.5, 0]),
      completion_mask: Float64Array.from(rows, (_, i) => Number(i < 9)),
      token_weights: Float64Array.from(rows, (_, i) => (i < 9 ? 1 / 9 : 0)),
    })
    expect(worst).toBeLessThan(1e-6)
  })
})
