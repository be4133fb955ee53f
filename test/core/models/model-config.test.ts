import {describe, expect, it} from 'vitest'
import {layerKindOf} from '../../../src/core/models/layer-kinds.js'
import {parseModelConfig, readModelConfig} from '../../../src/core/models/model-config.js'
import {tinyModel} from '../../support/tiny-model.js'
import {checkpoint} from './config-folders.js'

const llama3 = {factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192}
const longFactors = {short_factor: [1, 2], long_factor: [3, 4]}
const original = (positions: number) => ({original_max_position_embeddings: positions})

describe('a model config is read', () => {
  const minimal = {
    vocab_size: 64,
    hidden_size: 256,
    intermediate_size: 8,
    num_hidden_layers: 2,
    num_attention_heads: 64,
  }

  it('with the defaults of transformers for its family', () => {
    const read = (model_type: string, changes = {}) => parseModelConfig({...minimal, model_type, ...changes}, 'minimal')
    const common = {tiedHead: false, ropeTheta: 10000, ropeScaling: {type: 'default'}, normEpsilon: 1e-6, endIds: []}
    expect(read('llama')).toMatchObject({...common, kvHeads: 64, headSize: 4, maxPositions: 2048, qkvBias: false})
    expect(read('mistral', {sliding_window: null})).toMatchObject({...common, kvHeads: 8, maxPositions: 131072})
    expect(read('qwen2')).toMatchObject({...common, kvHeads: 32, headSize: 4, qkvBias: true, qkNorm: null})
    expect(read('qwen3')).toMatchObject({...common, kvHeads: 32, headSize: 128, qkvBias: false, qkNorm: 'head'})
    expect(read('olmo2')).toMatchObject({...common, kvHeads: 64, normEpsilon: 1e-5, qkNorm: 'projection'})
    expect(read('smollm3')).toMatchObject({...common, kvHeads: 4, maxPositions: 32768, ropeTheta: 2e6, tiedHead: true})
  })

  it('with the layers that are not rotated, where the family reads them', () => {
    const kinds = (changes: Record<string, unknown>) => {
      const model = tinyModel({model_type: 'smollm3', num_hidden_layers: 6, ...changes})
      return Array.from({length: 6}, (_, layer) => (layerKindOf(model, layer) === 'rotated' ? 1 : 0))
    }
    expect(kinds({})).toEqual([1, 1, 1, 0, 1, 1])
    expect(kinds({no_rope_layer_interval: 2})).toEqual([1, 0, 1, 0, 1, 0])
    expect(kinds({no_rope_layers: [1, 1, 0, true, false, 1, 0], no_rope_layer_interval: 2})).toEqual([1, 1, 0, 1, 0, 1])
    expect(kinds({model_type: 'llama'})).toEqual([1, 1, 1, 1, 1, 1])
    expect(() => kinds({no_rope_layers: [1, 0]})).toThrow(/no_rope_layers has 2 entries; expected one for each of 6/)
  })

  it('with biases on all four projections where the family reads attention_bias', () => {
    const read = (model_type: string) => tinyModel({model_type, attention_bias: true, sliding_window: null})
    expect(read('llama')).toMatchObject({qkvBias: true, outputBias: true})
    expect(read('qwen3')).toMatchObject({qkvBias: true, outputBias: true})
    expect(read('qwen2')).toMatchObject({qkvBias: true, outputBias: false})
    expect(read('mistral')).toMatchObject({qkvBias: false, outputBias: false})
  })

  it('where fields that change the mathematics have the value that does not', () => {
    const neutral = {
      architectures: ['MistralForCausalLM'],
      auto_map: {AutoTokenizer: 'a.B'},
      model_type: 'mistral',
      sliding_window: 64,
      hidden_act: 'swish',
      use_mrope: false,
      pretraining_tp: 2,
      partial_rotary_factor: 1,
      layer_types: ['full_attention', 'full_attention'],
      quantization_config: null,
    }
    expect(tinyModel(neutral).family).toBe('mistral')
    expect(tinyModel({model_type: 'qwen2', sliding_window: 8, use_sliding_window: false}).family).toBe('qwen2')
  })

  it('with rotary settings from the place of transformers 4 and of transformers 5', () => {
    const four = tinyModel({rope_theta: 500, rope_scaling: {rope_type: 'llama3', ...llama3}})
    const five = tinyModel({
      rope_theta: undefined,
      rope_parameters: {rope_type: 'llama3', rope_theta: 500, ...llama3},
    })
    for (const {ropeTheta, ropeScaling} of [four, five]) {
      expect(ropeTheta).toBe(500)
      expect(ropeScaling).toEqual({
        type: 'llama3',
        factor: 8,
        lowFrequencyFactor: 1,
        highFrequencyFactor: 4,
        trainedPositions: 8192,
      })
    }
    expect(tinyModel({rope_scaling: {type: 'linear', factor: 2}}).ropeScaling).toEqual({type: 'linear', factor: 2})
    const both = {rope_type: 'linear', factor: 2}
    expect(tinyModel({rope_scaling: both, rope_parameters: {...both, rope_theta: 10000}}).ropeTheta).toBe(10000)
  })

  // Attention factors as transformers 5.23.0 prints them.
  it.each<[string, Record<string, unknown>, Record<string, unknown>, Record<string, unknown>]>([
    [
      'yarn',
      {factor: 4, ...original(16)},
      {},
      {fastTurns: 32, slowTurns: 1, trainedPositions: 16, wholeBounds: true, attentionFactor: 1.138629436111989},
    ],
    ['yarn', {factor: null, ...original(16)}, {}, {factor: 4}],
    ['yarn', {factor: 4}, {}, {trainedPositions: 64}],
    ['yarn', {factor: 16, mscale: 1, mscale_all_dim: 0.5}, {}, {attentionFactor: 1.121751143713058}],
    ['yarn', {factor: 4, attention_factor: 1, truncate: false}, {}, {attentionFactor: 1, wholeBounds: false}],
    ['dynamic', {factor: 2}, {}, {longestSequence: 64}],
    ['longrope', {...longFactors, ...original(16)}, {}, {factors: [1, 2], longestSequence: 16}],
    ['longrope', longFactors, original(16), {attentionFactor: Math.sqrt(1 + Math.log(4) / Math.log(16))}],
    ['longrope', {...longFactors, factor: 2, attention_factor: 3}, {}, {attentionFactor: 3, longestSequence: 64}],
  ])('with %s scaling %j and %j in both dialects', (type, fields, outside, expected) => {
    const old = tinyModel({head_dim: 4, rope_scaling: {type, ...fields}, ...outside})
    const now = tinyModel({head_dim: 4, rope_parameters: {rope_type: type, ...fields}, ...outside})
    expect(old.ropeScaling).toMatchObject({type, ...expected})
    expect(now.ropeScaling).toEqual(old.ropeScaling)
  })

  it('with as many positions as its angles hold for', () => {
    expect(tinyModel({rope_scaling: {type: 'linear', factor: 2}}).maxPositions).toBe(64)
    expect(tinyModel({rope_scaling: {type: 'dynamic', factor: 2}}).maxPositions).toBe(64)
    const longrope = {head_dim: 4, rope_scaling: {type: 'longrope', ...longFactors}}
    expect(tinyModel({...longrope, ...original(16)}).maxPositions).toBe(16)
    expect(tinyModel({...longrope, ...original(128)}).maxPositions).toBe(64)
  })

  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    [
      'R1-Distill-Qwen-1.5B',
      {
        architectures: ['Qwen2ForCausalLM'],
        model_type: 'qwen2',
        hidden_size: 1536,
        num_attention_heads: 12,
        max_window_layers: 21,
        sliding_window: 4096,
        use_sliding_window: false,
        use_mrope: false,
      },
      {family: 'qwen2', headSize: 128, qkvBias: true, outputBias: false},
    ],
    [
      'Llama 3.1 8B',
      {
        architectures: ['LlamaForCausalLM'],
        model_type: 'llama',
        hidden_size: 4096,
        num_attention_heads: 32,
        num_key_value_heads: 8,
        attention_bias: false,
        mlp_bias: false,
        pretraining_tp: 1,
        rope_scaling: {rope_type: 'llama3', ...llama3},
      },
      {family: 'llama', headSize: 128, ropeScaling: {type: 'llama3', factor: 8}},
    ],
    [
      'SmolLM2 135M',
      {
        model_type: 'llama',
        hidden_size: 576,
        num_attention_heads: 9,
        num_key_value_heads: 3,
        is_llama_config: true,
        rope_interleaved: false,
        rope_scaling: null,
      },
      {family: 'llama', headSize: 64, ropeScaling: {type: 'default'}},
    ],
    [
      'Qwen3 0.6B',
      {
        architectures: ['Qwen3ForCausalLM'],
        model_type: 'qwen3',
        hidden_size: 1024,
        num_attention_heads: 16,
        num_key_value_heads: 8,
        head_dim: 128,
        attention_bias: false,
        sliding_window: null,
        use_sliding_window: false,
      },
      {family: 'qwen3', headSize: 128, qkNorm: 'head'},
    ],
    [
      'SmolLM3 3B',
      {
        architectures: ['SmolLM3ForCausalLM'],
        model_type: 'smollm3',
        hidden_size: 2048,
        num_attention_heads: 16,
        num_key_value_heads: 4,
        attention_bias: false,
        mlp_bias: false,
        layer_types: ['full_attention', 'full_attention'],
        max_window_layers: 28,
        no_rope_layer_interval: 4,
        no_rope_layers: [1, 1, 1, 0],
        pretraining_tp: 2,
        rope_scaling: null,
        sliding_window: null,
        use_sliding_window: false,
      },
      {family: 'smollm3', headSize: 128, unrotated: {layers: [3]}},
    ],
    [
      'OLMo 2 1B',
      {
        architectures: ['Olmo2ForCausalLM'],
        model_type: 'olmo2',
        hidden_size: 2048,
        num_attention_heads: 16,
        num_key_value_heads: 16,
        attention_bias: false,
        rope_scaling: null,
      },
      {family: 'olmo2', headSize: 128, qkNorm: 'projection'},
    ],
    [
      'Mistral 7B v0.3',
      {model_type: 'mistral', hidden_size: 4096, num_attention_heads: 32, num_key_value_heads: 8, sliding_window: null},
      {family: 'mistral', headSize: 128, qkvBias: false},
    ],
  ])('of the shape of %s', (_, changes, expected) => {
    expect(tinyModel({head_dim: null, ...changes})).toMatchObject(expected)
  })

  it('with a list of end tokens or none', () => {
    expect(tinyModel({eos_token_id: [2, 5]}).endIds).toEqual([2, 5])
    expect(tinyModel({eos_token_id: null}).endIds).toEqual([])
  })

  it('with the end tokens of generation_config.json, which the config written beside new weights keeps', async () => {
    const {source} = tinyModel()
    const read = (generation: unknown) =>
      readModelConfig(checkpoint({'config.json': source, 'generation_config.json': generation}))
    expect((await read({eos_token_id: [5, 2]})).endIds).toEqual([5, 2])
    expect((await read({eos_token_id: [5, 2]})).source).toEqual({...source, eos_token_id: [5, 2]})
    expect((await read({eos_token_id: 7})).endIds).toEqual([7])
    expect((await read({temperature: 0.6})).source).toEqual(source)
    await expect(read({eos_token_id: 'the end'})).rejects.toThrow('generation_config.json: eos_token_id')
    await expect(read({eos_token_id: [2, 99]})).rejects.toThrow(
      'generation_config.json: eos_token_id 99 is outside of the vocabulary of 11',
    )
  })
})
