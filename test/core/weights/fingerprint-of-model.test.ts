import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, it} from 'vitest'
import {fingerprintOfModel} from '../../../src/core/weights/index.js'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rpt-model-'))
  for (const name of ['config.json', 'model-00001-of-00001.safetensors', 'model.safetensors.index.json']) write(name)
})

afterEach(() => {
  rmSync(folder, {recursive: true})
})

function write(name: string, text = name): void {
  writeFileSync(join(folder, name), text)
}

it.each(['config.json', 'model-00001-of-00001.safetensors', 'model.safetensors.index.json', 'model.safetensors'])(
  'the fingerprint of a model depends on %s',
  (name) => {
    const before = fingerprintOfModel(folder)
    write(name, 'changed')
    expect(fingerprintOfModel(folder)).not.toBe(before)
  },
)

it('the fingerprint of a model depends on shards of any name that the index gives them', () => {
  const shard = 'pytorch_model-00001-of-00001.safetensors'
  write('model.safetensors.index.json', JSON.stringify({weight_map: {'model.norm.weight': shard}}))
  write(shard)
  write('optimizer.safetensors')
  const before = fingerprintOfModel(folder)
  write('optimizer.safetensors', 'changed')
  expect(fingerprintOfModel(folder)).toBe(before)
  write(shard, 'changed')
  expect(fingerprintOfModel(folder)).not.toBe(before)
})

it('the fingerprint of a model does not depend on files that compute nothing', () => {
  const before = fingerprintOfModel(folder)
  for (const name of ['tokenizer.json', 'generation_config.json', 'README.md', 'optimizer.safetensors']) write(name)
  expect(fingerprintOfModel(folder)).toBe(before)
})

it('the fingerprint of a model is the one that earlier runs recorded', () => {
  expect(fingerprintOfModel(folder)).toMatchInlineSnapshot(
    `"e78e2e81605e219bd3f630d31886eed300efc80f7c665f7ca0d54c783f722364"`,
  )
})
