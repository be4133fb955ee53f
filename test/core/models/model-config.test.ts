import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {readModelConfig} from '../../../src/core/models/model-config.js'
import {DataError} from '../../../src/core/util/errors.js'
import {tinyModel} from '../../support/tiny-model.js'

describe('a model config is refused', () => {
  it.each([
    ['of an unknown family', {model_type: 'mamba'}, /model_type is mamba; supported: llama, qwen2, qwen3/],
    ['with scaled rotary angles', {rope_scaling: {rope_type: 'yarn', factor: 4}}, /rope_scaling is set/],
    ['with a rotary type of its own', {rope_parameters: {rope_type: 'llama3'}}, /rope_type is llama3/],
    ['with sliding-window attention', {model_type: 'qwen2', use_sliding_window: true}, /sliding-window/],
    ['with another activation', {hidden_act: 'gelu'}, /hidden_act is gelu; only silu/],
    ['with biases that we do not have', {mlp_bias: true}, /mlp_bias/],
    ['with biases on all projections', {attention_bias: true}, /attention_bias/],
    ['whose heads cannot be shared', {num_key_value_heads: 3}, /4 heads cannot share 3 key-value heads evenly/],
    ['whose heads do not divide the width', {hidden_size: 10}, /head size is 2.5/],
    ['whose head size is odd', {head_dim: 3}, /head size is 3; rotary embedding needs an even whole number/],
    ['without a width', {hidden_size: undefined}, /hidden_size/],
    ['with a size of zero', {num_hidden_layers: 0}, /num_hidden_layers/],
  ])('%s', (_, changes, message) => {
    expect(() => tinyModel(changes)).toThrow(DataError)
    expect(() => tinyModel(changes)).toThrow(message)
  })

  it('when the file is missing or is not JSON, naming it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rpt-config-'))
    await expect(readModelConfig(folder)).rejects.toThrow(`${join(folder, 'config.json')}: no such file`)
    writeFileSync(join(folder, 'config.json'), '{"model_type": ')
    await expect(readModelConfig(folder)).rejects.toThrow(`${join(folder, 'config.json')} is not JSON`)
    rmSync(folder, {recursive: true})
  })
})

describe('a model config is read', () => {
  it('with the defaults of its family', () => {
    expect(tinyModel({num_key_value_heads: undefined, tie_word_embeddings: undefined})).toMatchObject({
      kvHeads: 4,
      headSize: 2,
      tiedHead: false,
      endIds: [2],
    })
    expect(tinyModel({model_type: 'qwen2'})).toMatchObject({qkvBias: true, qkNorm: false})
    expect(tinyModel({model_type: 'qwen3'})).toMatchObject({qkvBias: false, qkNorm: true})
  })

  it('from the old and the new place of the rotary base', () => {
    expect(tinyModel({rope_theta: 500}).ropeTheta).toBe(500)
    expect(tinyModel({rope_theta: undefined, rope_parameters: {rope_theta: 700, rope_type: 'default'}}).ropeTheta).toBe(
      700,
    )
  })

  it('with a list of end tokens or none', () => {
    expect(tinyModel({eos_token_id: [2, 5]}).endIds).toEqual([2, 5])
    expect(tinyModel({eos_token_id: null}).endIds).toEqual([])
  })
})
