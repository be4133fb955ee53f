import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, describe, expect, it} from 'vitest'
import {layerKindOf} from '../../../src/core/models/layer-kinds.js'
import {parseModelConfig, readModelConfig} from '../../../src/core/models/model-config.js'
import {DataError} from '../../../src/core/util/errors.js'
import {tinyModel} from '../../support/tiny-model.js'

const llama3 = {factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192}
const longFactors = {short_factor: [1, 2], long_factor: [3, 4]}
const original = (positions: number) => ({original_max_position_embeddings: positions})
const folders: string[] = []

afterAll(() => {
  for (const folder of folders) rmSync(folder, {recursive: true})
})

/** A folder with those files; an object is written as JSON. */
function checkpoint(files: Record<string, unknown>): string {
  const folder = mkdtempSync(join(tmpdir(), 'rpt-config-'))
  folders.push(folder)
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  return folder
}

describe('a model config is refused, naming the field,', () => {
  it.each<[string, Record<string, unknown>, RegExp]>([
    [
      'of an unknown family',
      {model_type: 'mamba'},
      /model_type is mamba; supported: llama .*mistral .*qwen2 .*qwen3 .*smollm3 .*olmo2/,
    ],
    ['of no family', {model_type: undefined}, /model_type is undefined; supported: llama/],
    ['named like a property of every object', {model_type: 'toString'}, /model_type is toString; supported/],
    [
      'of another architecture',
      {architectures: ['LlamaModel']},
      /architectures is \["LlamaModel"\]; expected the plain .*: model_type, then ForCausalLM/,
    ],
    ['with code of its own', {auto_map: {AutoModelForCausalLM: 'a.B'}}, /auto_map is .*no model code of its own/],
    [
      'with a sliding window',
      {model_type: 'mistral', sliding_window: 63},
      /sliding_window is 63; expected null, or at/,
    ],
    ['with the sliding window of a silent Mistral', {model_type: 'mistral', max_position_embeddings: 8192}, /is 4096/],
    ['with some sliding layers', {model_type: 'qwen2', use_sliding_window: true}, /use_sliding_window is true/],
    [
      'with a sliding layer',
      {model_type: 'qwen3', layer_types: ['full_attention', 'sliding_attention']},
      /layer_types is .*; expected full_attention for each layer/,
    ],
    ['with kinds of more layers than there are', {layer_types: Array(3).fill('full_attention')}, /layer_types is/],
    ['with another activation', {hidden_act: 'gelu'}, /hidden_act is "gelu"; expected silu/],
    ['with biases that we do not have', {mlp_bias: true}, /mlp_bias is true; expected false/],
    ['with experts', {num_local_experts: 8}, /num_local_experts is 8; expected a dense model/],
    ['with many experts', {model_type: 'qwen3', num_experts: 128}, /num_experts is 128; expected a dense model/],
    ['with capped logits', {final_logit_softcapping: 30}, /final_logit_softcapping is 30/],
    ['with scaled residuals', {residual_multiplier: 0.2}, /residual_multiplier is 0.2; expected 1/],
    ['with partly rotated heads', {partial_rotary_factor: 0.5}, /partial_rotary_factor is 0.5; expected 1/],
    ['with layers that are not rotated', {no_rope_layers: [1, 0]}, /no_rope_layers/],
    ['with quantised weights', {quantization_config: {quant_method: 'awq'}}, /quantization_config is .*"awq"/],
    ['with attention to the future', {is_causal: false}, /is_causal is false; expected true/],
    ['whose heads cannot be shared', {num_key_value_heads: 3}, /4 heads cannot share 3 key-value heads evenly/],
    ['whose heads do not divide the width', {hidden_size: 10, head_dim: null}, /head size is 2.5/],
    ['whose head size is odd', {head_dim: 3}, /head size is 3; rotary embedding needs an even whole number/],
    ['without a width', {hidden_size: undefined}, /hidden_size/],
    ['with a size of zero', {num_hidden_layers: 0}, /num_hidden_layers/],
    ['with an end token outside of the vocabulary', {eos_token_id: [2, 11]}, /eos_token_id 11 is outside .* of 11/],
  ])('%s', (_, changes, message) => {
    expect(() => tinyModel(changes)).toThrow(DataError)
    expect(() => tinyModel(changes)).toThrow(message)
  })

  it.each<[string, Record<string, unknown>, RegExp]>([
    [
      'of a type we do not have',
      {rope_scaling: {type: 'mrope', factor: 4}},
      /rope_scaling: rope_type is mrope; supported: .*yarn, longrope/,
    ],
    ['that lacks its factors', {rope_parameters: {rope_type: 'longrope'}}, /of rope_type longrope: short_factor/],
    [
      'with factors of another head size',
      {rope_scaling: {type: 'longrope', short_factor: [1], long_factor: [1, 2]}, head_dim: 4},
      /of rope_type longrope: short_factor: .*2/,
    ],
    [
      'with a field that transformers ignores and others do not',
      {rope_scaling: {rope_type: 'yarn', factor: 4, attn_factor: 0.878}},
      /of rope_type yarn: .*attn_factor/,
    ],
    [
      'first trained on two numbers of positions',
      {original_max_position_embeddings: 32, rope_scaling: {rope_type: 'yarn', factor: 4, ...original(16)}},
      /original_max_position_embeddings is 32 in one place and 16 in another/,
    ],
    ['named like a property of every object', {rope_scaling: {type: 'toString'}}, /rope_type is toString/],
    ['that lacks a number', {rope_scaling: {rope_type: 'llama3', factor: 8}}, /of rope_type llama3: low_freq_factor/],
    [
      'without a band to mix',
      {rope_scaling: {rope_type: 'llama3', ...llama3, high_freq_factor: 1}},
      /not smaller than/,
    ],
    ['of part of the head', {rope_parameters: {partial_rotary_factor: 0.5}}, /partial_rotary_factor/],
    ['with a field we do not know', {rope_scaling: {type: 'default', mrope_section: [1]}}, /mrope_section/],
    ['of each kind of layer', {rope_parameters: {full_attention: {rope_theta: 1e4}}}, /full_attention/],
    ['that is no object', {rope_scaling: 4}, /rope_scaling/],
    ['said twice with two bases', {rope_parameters: {rope_theta: 500}}, /rope_theta is 10000 in one place and 500 in/],
    [
      'said twice with two meanings',
      {rope_parameters: {rope_type: 'default'}, rope_scaling: {type: 'linear', factor: 2}},
      /rope_parameters and rope_scaling disagree/,
    ],
  ])('for a rotary embedding %s', (_, changes, message) => {
    expect(() => tinyModel(changes)).toThrow(DataError)
    expect(() => tinyModel(changes)).toThrow(message)
  })

  it('when a file is missing, is not JSON or has a key twice, naming it', async () => {
    const folder = checkpoint({})
    const file = join(folder, 'config.json')
    await expect(readModelConfig(folder)).rejects.toThrow(`${file}: no such file`)
    const adapter = checkpoint({'adapter_config.json': {peft_type: 'LORA'}})
    await expect(readModelConfig(adapter)).rejects.toThrow(/no such file; it is a LoRA adapter .*, not a checkpoint/)
    writeFileSync(file, '{"model_type": ')
    await expect(readModelConfig(folder)).rejects.toThrow(`${file} is not JSON`)
    writeFileSync(file, '{"model_type": "llama", "model_type": "qwen2"}')
    await expect(readModelConfig(folder)).rejects.toThrow(`${file} has the key "model_type" twice`)
    writeFileSync(file, '[]')
    await expect(readModelConfig(folder)).rejects.toThrow(DataError)
    const broken = checkpoint({'config.json': tinyModel().source, 'generation_config.json': '{'})
    await expect(readModelConfig(broken)).rejects.toThrow(`${join(broken, 'generation_config.json')} is not JSON`)
  })
})

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
