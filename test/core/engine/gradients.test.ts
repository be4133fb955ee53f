import {describe, expect, it} from 'vitest'
import {languageModelGraph} from '../../../src/core/engine/graphs/language-model.js'
import type {ModelConfig} from '../../../src/core/models/model-config.js'
import {parametersOf} from '../../../src/core/models/parameters.js'
import type {Graph} from '../../../src/core/onnx/graph.js'
import type {TensorData} from '../../../src/core/runtime/session.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'
import {languageModelCase, policyCase, worstGradient} from '../../support/gradient-inputs.js'
import {tinyModel} from '../../support/tiny-model.js'

const sampler = new Sampler(streamSeed(3, 'gradients'))

function worstOfAllWeights(graph: Graph, config: ModelConfig, fed: Record<string, TensorData>): Promise<number> {
  const names = parametersOf(config).map(({name}) => name)
  return worstGradient(graph, config, fed, sampler, {names, entries: 24, deviation: 0.6})
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
    const {op} = languageModelGraph(config, languageModelCase.shape, {float: 'float64'})
    expect(await worstOfAllWeights(op.graph, config, languageModelCase.feeds)).toBeLessThan(1e-6)
  })

  it.each(Object.entries(families))('GRPO objective with KL and entropy terms, %s', async (_, changes) => {
    const config = tinyModel(changes)
    const {op} = policyCase.graph(config)
    expect(await worstOfAllWeights(op.graph, config, policyCase.feeds(sampler))).toBeLessThan(1e-6)
  })
})
