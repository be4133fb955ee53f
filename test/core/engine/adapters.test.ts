import {describe, expect, it} from 'vitest'
import {decodingStepGraph} from '../../../src/core/engine/graphs/decoding-step.js'
import {languageModelGraph} from '../../../src/core/engine/graphs/language-model.js'
import {policyGraph} from '../../../src/core/engine/graphs/policy.js'
import {rolloutLoopGraph} from '../../../src/core/engine/graphs/rollout-loop.js'
import {adapterParametersOf, allParametersOf} from '../../../src/core/models/adapters.js'
import type {ModelConfig} from '../../../src/core/models/model-config.js'
import {rotaryTables} from '../../../src/core/nn/rotary.js'
import type {Graph} from '../../../src/core/onnx/graph.js'
import {liveNodes} from '../../../src/core/onnx/live-nodes.js'
import {Session, type TensorData} from '../../../src/core/runtime/session.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'
import {sizeOf} from '../../../src/core/util/shape.js'
import {adapted} from '../../support/adapted.js'
import {worstDifference} from '../../support/grad-check.js'
import {nodesOf} from '../../support/nodes-of.js'
import {tinyModel} from '../../support/tiny-model.js'

const sampler = new Sampler(streamSeed(9, 'adapters'))
const indices = (values: readonly number[]) => BigInt64Array.from(values, BigInt)
const range = (length: number) => [...Array(length).keys()]

async function worstOfAdapters(graph: Graph, config: ModelConfig, fed: Record<string, TensorData>): Promise<number> {
  const tables = rotaryTables(graph.inputs.find(({name}) => name === 'rotary.cos')!.shape[0], config.headSize, 10000)
  const weights = allParametersOf(config).map(({name, shape}) => {
    const offset = name.includes('norm') ? 1 : 0
    return [name, Float64Array.from({length: sizeOf(shape)}, () => offset + 0.5 * sampler.normal())]
  })
  const feeds = {...Object.fromEntries(weights), 'rotary.cos': tables.cos, 'rotary.sin': tables.sin, ...fed}
  const session = await Session.compile(graph, {device: 'cpu', threads: 1})
  const pairs = adapterParametersOf(config).map(({name}) => [name, `gradient/${name}`])
  return worstDifference(session, feeds, pairs, 12)
}

const lmShape = {rows: 2, length: 5, trained: 6}
const policyShape = {contexts: 2, groupSize: 2, contextLength: 4, completionLength: 3, trained: 10}
const objective = {clipEpsilon: 0.2, klCoef: 0.1, entropyCoef: 0.05}

const models = {
  'llama, every layer': adapted(tinyModel()),
  'qwen2 with biases, parts of both stacks': adapted(tinyModel({model_type: 'qwen2'}), {
    targets: ['k_proj', 'up_proj', 'o_proj'],
  }),
  'olmo2, norms after blocks': adapted(tinyModel({model_type: 'olmo2'}), {rank: 2, targets: ['q_proj', 'down_proj']}),
  'smollm3, a layer not rotated': adapted(tinyModel({model_type: 'smollm3', no_rope_layers: [1, 0]}), {
    rank: 2,
    targets: ['k_proj', 'up_proj'],
  }),
  'a rank of several blocks': adapted(tinyModel(), {rank: 18, targets: ['q_proj', 'down_proj']}),
}

describe.each(Object.entries(models))(
  'gradients of A and B agree with central differences in float64: %s',
  (_, config) => {
    it('next-token loss', async () => {
      const {op} = languageModelGraph(config, lmShape, {float: 'float64'})
      const worst = await worstOfAdapters(op.graph, config, {
        ids: indices([1, 4, 4, 7, 9, 1, 3, 10, 0, 0]),
        positions: indices([...range(5), ...range(5)]),
        trained_rows: indices([0, 2, 3, 5, 6, 0]),
        targets: indices([4, 7, 9, 3, 10, 0]),
        token_weights: Float64Array.of(0.3, 0.1, 0.2, 0.25, 0.15, 0),
      })
      expect(worst).toBeLessThan(1e-6)
    })

    it('GRPO objective with KL and entropy terms', async () => {
      const {op} = policyGraph(config, policyShape, 0.8, objective, {float: 'float64'})
      const rows = [0, 1, 2, 3, 4, 6, 7, 8, 9, 0]
      const old = rows.map(() => Math.log(1 / 11) + 0.5 * sampler.normal())
      const worst = await worstOfAdapters(op.graph, config, {
        ids: indices([1, 4, 7, 0, 1, 9, 0, 0, ...[8, 5, 3], ...[8, 6, 0], ...[3, 4, 9], ...[3, 7, 0]]),
        positions: indices([0, 1, 2, 3, 0, 1, 2, 3, ...[3, 4, 5], ...[3, 4, 5], ...[2, 3, 4], ...[2, 3, 4]]),
        context_lengths: indices([3, 2]),
        trained_rows: indices(rows),
        targets: indices([5, 3, 2, 6, 2, 4, 9, 2, 7, 0]),
        old_logprobs: Float64Array.from(old),
        ref_logprobs: Float64Array.from(old, (value) => value + 0.2 * sampler.normal()),
        advantages: Float64Array.from([1, 1, 1, -1, -1, 0.5, 0.5, 0.5, -0.5, 0]),
        completion_mask: Float64Array.from(rows, (_, i) => Number(i < 9)),
        token_weights: Float64Array.from(rows, (_, i) => (i < 9 ? 1 / 9 : 0)),
      })
      expect(worst).toBeLessThan(1e-6)
    })
  },
)

describe('graphs with adapters', () => {
  const config = adapted(tinyModel(), {targets: ['q_proj', 'v_proj', 'gate_proj']})
  const built = {
    'language model': languageModelGraph(config, lmShape),
    policy: policyGraph(config, policyShape, 1, objective),
  }

  it.each(Object.entries(built))('give the gradients of adapters and of nothing else: %s', (_, {op}) => {
    const gradients = op.graph.outputs.map(({name}) => name).filter((name) => name.startsWith('gradient/'))
    expect(gradients).toEqual(adapterParametersOf(config).map(({name}) => `gradient/${name}`))
    expect(gradients).toContain('gradient/model.layers.1.self_attn.q_proj.lora_A.weight')
    // Nothing has the shape of a gradient of frozen weights: embedding [11, 8], gate and up [24, 8].
    const shapes = liveNodes(op.graph).flatMap((node) => node.outputs.map(({shape}) => shape.join()))
    expect(shapes.filter((shape) => ['11,8', '24,8'].includes(shape))).toEqual([])
  })

  it('have no product of a single row', () => {
    const shape = {contexts: 2, groupSize: 1, contextLength: 16, capacity: 8, isEven: true, positions: 24}
    for (const graph of [rolloutLoopGraph, decodingStepGraph]) {
      const {op} = graph(config, shape, {temperature: 1, greedy: false, endIds: [2]})
      const products = nodesOf(op.graph).filter((node) => node.op === 'FusedMatMul')
      expect(products.filter(({inputs}) => inputs[1].name.includes('lora_A')).length).toBeGreaterThan(3)
      expect(products.filter(({inputs}) => inputs[0].shape.at(-2) === 1)).toEqual([])
    }
  })
})
