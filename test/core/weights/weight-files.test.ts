import {mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync} from 'node:fs'
import {describe, expect, it} from 'vitest'
import {DataError} from '../../../src/core/util/errors.js'
import {WeightFiles, writeSafetensors, writeWeights} from '../../../src/core/weights/index.js'
import {readTensors} from '../../support/read-tensors.js'
import {useFolder} from '../files/samples.js'

const at = useFolder()

const one = (value: number) => ({shape: [1], data: Float32Array.of(value)})
const index = 'model.safetensors.index.json'
const shardNames = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']

function valuesIn(path: string): [string, number[]][] {
  const files = WeightFiles.open(path)
  const values = files.names.map((name): [string, number[]] => [
    name,
    [...files.pieces(name)].flatMap((piece) => [...piece.values]),
  ])
  files.close()
  return values.sort()
}

describe('the weights of a checkpoint', () => {
  it('come from model.safetensors, a file, or shards', async () => {
    await writeSafetensors(at(shardNames[0]), new Map([['a', one(1)]]))
    const rest = new Map([
      ['b', one(2)],
      ['unlisted', one(3)],
    ])
    await writeSafetensors(at(shardNames[1]), rest)
    writeFileSync(at(index), JSON.stringify({weight_map: {b: shardNames[1], a: shardNames[0]}}))
    expect(valuesIn(at())).toEqual([
      ['a', [1]],
      ['b', [2]],
    ])
    expect(valuesIn(at(shardNames[1])).length).toBe(2)
    await writeSafetensors(at('model.safetensors'), new Map([['c', one(4)]]))
    expect(valuesIn(at())).toEqual([['c', [4]]])
  })

  it.runIf(process.platform === 'linux')(
    'are closed, all of their files, and those of an index that is refused',
    async () => {
      for (const [i, name] of shardNames.entries()) await writeSafetensors(at(name), new Map([[`${i}`, one(i)]]))
      const open = () => readdirSync('/proc/self/fd').length
      const before = open()
      writeFileSync(at(index), JSON.stringify({weight_map: {0: shardNames[0], 1: shardNames[1]}}))
      for (let round = 0; round < 3; round++) WeightFiles.open(at()).close()
      expect(open()).toBe(before)
      writeFileSync(at(index), JSON.stringify({weight_map: {0: shardNames[0], 2: shardNames[1]}}))
      for (let round = 0; round < 3; round++) expect(() => WeightFiles.open(at())).toThrow(DataError)
      expect(open()).toBe(before)
    },
  )

  it.skipIf(process.platform === 'win32')('are found in a snapshot of the Hub cache', async () => {
    for (const folder of ['blobs', 'snapshots', 'snapshots/main']) mkdirSync(at(folder))
    await writeWeights(
      at('blobs'),
      new Map([
        ['a', one(1)],
        ['b', one(2)],
      ] as const),
      {dtype: 'BF16', maxShardBytes: 2},
    )
    for (const name of readdirSync(at('blobs'))) symlinkSync(`../../blobs/${name}`, at(`snapshots/main/${name}`))
    expect(valuesIn(at('snapshots/main'))).toEqual([
      ['a', [1]],
      ['b', [2]],
    ])
  })

  it.each<[string, unknown, RegExp]>([
    [
      'leave the folder',
      {a: '../m.safetensors'},
      /tensor a is in "..\/m.safetensors", expected the name of a safetensors/,
    ],
    ['are absolute', {a: '/etc/m.safetensors'}, /tensor a is in "\/etc\/m.safetensors"/],
    ['leave it the way of Windows', {a: '..\\m.safetensors'}, /expected the name/],
    ['have a drive', {a: 'C:m.safetensors'}, /expected the name/],
    ['have a null byte', {a: 'a\u0000.safetensors'}, /tensor a is in "a\\u0000.safetensors"/],
    ['are of another kind', {a: 'pytorch_model.bin'}, /expected the name/],
    ['are no names', {a: 1}, /tensor a is in 1/],
    ['are missing', {a: 'm.safetensors'}, /m\.safetensors.*ENOENT/],
    ['are none', {}, /names no tensors/],
    ['are a list', ['there.safetensors'], /names no tensors/],
    ['lack a tensor', {other: 'there.safetensors'}, /there\.s.* other, which the index puts here, is missing/],
    [
      'are exchanged',
      {a: 'there.safetensors', b: 'there.safetensors', c: 'too.safetensors'},
      /there\.s.* tensor b, which the index puts here, is in too\.safetensors/,
    ],
  ])('are refused when shards %s', async (_, weight_map, message) => {
    await writeSafetensors(at('there.safetensors'), new Map([['a', one(1)]]))
    await writeSafetensors(
      at('too.safetensors'),
      new Map([
        ['b', one(1)],
        ['c', one(2)],
      ] as const),
    )
    writeFileSync(at(index), JSON.stringify({weight_map}))
    expect(() => WeightFiles.open(at())).toThrow(DataError)
    expect(() => WeightFiles.open(at())).toThrow(message)
  })

  it.each([
    ['is empty', '', /the index is not JSON/],
    ['is null', 'null', /names no tensors/],
    ['is not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), /the index is not JSON \(it is not UTF-8\)/],
    ['names a tensor twice', '{"weight_map":{"a":"there.safetensors","a":"m.safetensors"}}', /has the key "a" twice/],
    ['has two maps', '{"weight_map":{},"weight_map":{"a":"there.safetensors"}}', /has the key "weight_map" twice/],
    ['has another prototype', '{"__proto__":{"weight_map":{"a":"there.safetensors"}}}', /key named __proto__/],
  ])('are refused when the index %s', async (_, text, message) => {
    await writeSafetensors(at('there.safetensors'), new Map([['a', one(1)]]))
    writeFileSync(at(index), text)
    expect(() => WeightFiles.open(at())).toThrow(DataError)
    expect(() => WeightFiles.open(at())).toThrow(message)
  })

  it('are refused when the index is larger than any', () => {
    writeFileSync(at(index), '{')
    truncateSync(at(index), 3e9)
    expect(() => WeightFiles.open(at())).toThrow(/index\.json has 3000000000 bytes; expected at most 100000000/)
  })

  it('are refused where there are none', () => {
    mkdirSync(at('empty'))
    expect(() => WeightFiles.open(at('empty'))).toThrow(/empty\/model\.safetensors.*ENOENT/)
    expect(() => WeightFiles.open(at('absent'))).toThrow(DataError)
    writeFileSync(at('empty/pytorch_model.bin'), '')
    expect(() => WeightFiles.open(at('empty'))).toThrow(/pytorch_model\.bin may run code when read, so it is not/)
  })

  it.each([
    [['adapter_config.json', 'adapter_model.safetensors', 'tokenizer.json'], /LoRA adapter.*not a checkpoint/, /merge/],
    [['adapter_model.bin'], /LoRA adapter/, /merge/],
    [['a.Q4_K_M.gguf', 'config.json'], /a\.Q4_K_M\.gguf holds quantised weights/, /safetensors/],
    [['consolidated.00.pth'], /consolidated\.00\.pth may run code/, /save_pretrained/],
    [['pytorch_model-00001-of-00002.bin'], /may run code/, /save_pretrained/],
    [['flax_model.msgpack'], /of another format/, /save_pretrained/],
    [['consolidated.safetensors'], /consolidated\.safetensors has another name/, /save_pretrained/],
    [['README.md'], /ENOENT\)$/, /give a folder with model\.safetensors/],
  ])('are explained by what is there in their place: %j', (names, message, suggestion) => {
    mkdirSync(at('other'))
    for (const name of names) writeFileSync(at(`other/${name}`), '')
    try {
      WeightFiles.open(at('other'))
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(DataError)
      expect((error as DataError).message).toMatch(message)
      expect((error as DataError).suggestions.join()).toMatch(suggestion)
    }
  })
})

describe('weights beyond the limit of a file', () => {
  const tensors = new Map([
    ['z', {shape: [4], data: Float32Array.of(1, 2, 3, 4)}],
    ['a', {shape: [2], data: Float32Array.of(5, 6)}],
    ['m', {shape: [2, 4], data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8)}],
    ['b', {shape: [1], data: Float32Array.of(9)}],
  ])

  it('are split in their order; a tensor larger than the limit has a file of its own', async () => {
    await writeWeights(at(), tensors, {dtype: 'BF16', maxShardBytes: 12})
    const names = [1, 2, 3].map((number) => `model-0000${number}-of-00003.safetensors`)
    expect(readdirSync(at())).toEqual([...names, index])
    expect(JSON.parse(readFileSync(at(index), 'utf8'))).toEqual({
      metadata: {total_parameters: 15, total_size: 30},
      weight_map: {a: names[0], b: names[2], m: names[1], z: names[0]},
    })
    expect(names.map((name) => [...readTensors(at(name)).keys()])).toEqual([['a', 'z'], ['m'], ['b']])
    expect(new Map(valuesIn(at()))).toEqual(new Map([...tensors].map(([name, {data}]) => [name, [...data]])))
  })

  it('are one file where they fit', async () => {
    await writeWeights(at(), tensors, {dtype: 'F16', maxShardBytes: 30})
    expect(readdirSync(at())).toEqual(['model.safetensors'])
  })
})
