import {describe, expect, it} from 'vitest'
import {decodingStepGraph} from '../../../src/core/engine/graphs/decoding-step.js'
import {languageModelGraph} from '../../../src/core/engine/graphs/language-model.js'
import {policyGraph} from '../../../src/core/engine/graphs/policy.js'
import {rolloutLoopGraph} from '../../../src/core/engine/graphs/rollout-loop.js'
import {adapterParametersOf} from '../../../src/core/models/adapters.js'
import type {ModelConfig} from '../../../src/core/models/model-config.js'
import type {Graph} from '../../../src/core/onnx/graph.js'
import {liveNodes} from '../../../src/core/onnx/live-nodes.js'
import type {TensorData} from '../../../src/core/runtime/session.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'
import {adapted} from '../../support/adapted.js'
import {languageModelCase, policyCase, worstGradient} from '../../support/gradient-inputs.js'
import {nodesOf} from '../../support/nodes-of.js'
import {tinyModel} from '../../support/tiny-model.js'

const sampler = new Sampler(streamSeed(9, 'adapters'))

function worstOfAdapters(graph: Graph, config: ModelConfig, fed: Record<string, TensorData>): Promise<number> {
  const names = adapterParametersOf(config).map(({name}) => name)
  return worstGradient(graph, config, fed, sampler, {names, entries: 12, deviation: 0.5})
}

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
      const {op} = languageModelGraph(config, languageModelCase.shape, {float: 'float64'})
      expect(await worstOfAdapters(op.graph, config, languageModelCase.feeds)).toBeLessThan(1e-6)
    })

    it('GRPO objective with KL and entropy terms', async () => {
      const {op} = policyCase.graph(config)
      expect(await worstOfAdapters(op.graph, config, policyCase.feeds(sampler))).toBeLessThan(1e-6)
    })
  },
)

describe('graphs with adapters', () => {
  const config = adapted(tinyModel(), {targets: ['q_proj', 'v_proj', 'gate_proj']})
  const built = {
    'language model': languageModelGraph(config, languageModelCase.shape),
    policy: policyGraph(config, policyCase.shape, 1, policyCase.objective),
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
