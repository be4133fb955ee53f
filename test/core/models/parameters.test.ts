import {describe, expect, it} from 'vitest'
import {parameterCount, parametersOf} from '../../../src/core/models/parameters.js'
import {tinyModel} from '../../support/tiny-model.js'

const namesOf = (changes: Record<string, unknown>) =>
  parametersOf(tinyModel({num_hidden_layers: 1, ...changes})).flatMap(({parts}) => parts.map(({name}) => name))

const layer = 'model.layers.0'
const llama = [
  'model.embed_tokens.weight',
  `${layer}.input_layernorm.weight`,
  `${layer}.self_attn.q_proj.weight`,
  `${layer}.self_attn.k_proj.weight`,
  `${layer}.self_attn.v_proj.weight`,
  `${layer}.self_attn.o_proj.weight`,
  `${layer}.post_attention_layernorm.weight`,
  `${layer}.mlp.gate_proj.weight`,
  `${layer}.mlp.up_proj.weight`,
  `${layer}.mlp.down_proj.weight`,
  'model.norm.weight',
]

describe('the tensors of a checkpoint have the names of Hugging Face', () => {
  it('llama, tied and untied', () => {
    expect(namesOf({})).toEqual(llama)
    expect(namesOf({tie_word_embeddings: false})).toEqual([...llama, 'lm_head.weight'])
  })

  it('qwen2 adds biases to query, key and value', () => {
    const added = ['q', 'k', 'v'].map((part) => `${layer}.self_attn.${part}_proj.bias`)
    expect(namesOf({model_type: 'qwen2'}).filter((name) => !llama.includes(name))).toEqual(added)
  })

  it('attention_bias adds biases to all four', () => {
    const added = ['q', 'k', 'v', 'o'].map((part) => `${layer}.self_attn.${part}_proj.bias`)
    expect(namesOf({attention_bias: true}).filter((name) => !llama.includes(name))).toEqual(added)
  })

  it('mistral has those of llama', () => {
    expect(namesOf({model_type: 'mistral', sliding_window: null})).toEqual(llama)
  })

  it('qwen3 adds norms of query and key heads', () => {
    const added = ['q', 'k'].map((part) => `${layer}.self_attn.${part}_norm.weight`)
    expect(namesOf({model_type: 'qwen3'}).filter((name) => !llama.includes(name))).toEqual(added)
  })

  it('smollm3 has those of llama', () => {
    expect(namesOf({model_type: 'smollm3'})).toEqual(llama)
  })

  it('olmo2 has norms after attention and after the feed-forward block, and of whole queries and keys', () => {
    expect(namesOf({model_type: 'olmo2'})).toEqual([
      llama[0],
      ...llama.slice(2, 5),
      `${layer}.self_attn.q_norm.weight`,
      `${layer}.self_attn.k_norm.weight`,
      `${layer}.self_attn.o_proj.weight`,
      `${layer}.post_attention_layernorm.weight`,
      ...llama.slice(7, 10),
      `${layer}.post_feedforward_layernorm.weight`,
      'model.norm.weight',
    ])
    const shapes = new Map(parametersOf(tinyModel({model_type: 'olmo2'})).map(({name, shape}) => [name, shape]))
    expect(shapes.get(`${layer}.self_attn.q_norm.weight`)).toEqual([8])
    expect(shapes.get(`${layer}.self_attn.k_norm.weight`)).toEqual([4])
  })
})

it('projections of one input are stacked: query, key, value and gate, up', () => {
  const parameters = parametersOf(tinyModel({head_dim: 6}))
  const partsOf = (name: string) => parameters.find((parameter) => parameter.name === `${layer}.${name}.weight`)
  expect(partsOf('self_attn.qkv_proj')).toMatchObject({shape: [48, 8], parts: [{rows: 24}, {rows: 12}, {rows: 12}]})
  expect(partsOf('mlp.gateup_proj')).toMatchObject({shape: [24, 8], parts: [{rows: 12}, {rows: 12}]})
})

it('the number of parameters is the sum over tensors', () => {
  const perLayer = 8 + 16 * 8 + 8 * 8 + 8 + 24 * 8 + 8 * 12
  expect(parameterCount(tinyModel())).toBe(11 * 8 + 2 * perLayer + 8)
  expect(parameterCount(tinyModel({tie_word_embeddings: false}))).toBe(2 * 11 * 8 + 2 * perLayer + 8)
})
