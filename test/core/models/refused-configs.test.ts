import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {readModelConfig} from '../../../src/core/models/model-config.js'
import {DataError} from '../../../src/core/util/errors.js'
import {tinyModel} from '../../support/tiny-model.js'
import {checkpoint} from './config-folders.js'

const llama3 = {factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192}
const original = (positions: number) => ({original_max_position_embeddings: positions})

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
