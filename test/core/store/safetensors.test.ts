import {mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync} from 'node:fs'
import {describe, expect, it} from 'vitest'
import {findNonFinite, readSafetensors, readWeights, writeSafetensors} from '../../../src/core/store/index.js'
import {DataError, RuntimeFailure} from '../../../src/core/util/errors.js'
import {useFolder} from './samples.js'

const at = useFolder()

const tensors = new Map([
  ['model.norm', {shape: [3], data: Float32Array.of(1, -2, 0.5)}],
  ['lm_head', {shape: [2, 2], data: Float32Array.of(1, 2, 3, 4)}],
  ['scalar', {shape: [], data: Float32Array.of(7)}],
  ['empty', {shape: [0, 4], data: new Float32Array(0)}],
])

/** A file with this header and so many bytes after it. */
function writeRaw(path: string, header: unknown, buffer: Uint8Array): void {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  writeFileSync(path, Buffer.concat([length, json, buffer]))
}

const bytesOf = (values: ArrayBufferView) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

describe('safetensors', () => {
  it('come back as they were written', async () => {
    await writeSafetensors(at('m.safetensors'), tensors)
    const read = readSafetensors(at('m.safetensors'))
    expect([...read.keys()]).toEqual(['empty', 'lm_head', 'model.norm', 'scalar'])
    for (const [name, {shape, data}] of tensors) expect(read.get(name)).toEqual({shape, dtype: 'F32', data})
  })

  it('have the same bytes in whatever order the tensors come', async () => {
    await writeSafetensors(at('a'), tensors)
    await writeSafetensors(at('b'), new Map([...tensors].reverse()))
    expect(readFileSync(at('a')).equals(readFileSync(at('b')))).toBe(true)
  })

  it('have a header that is padded to 8 bytes and says what transformers wants', async () => {
    for (const name of ['a', 'ab', 'abc', 'é']) {
      await writeSafetensors(at('m'), new Map([[name, {shape: [1], data: Float32Array.of(1)}]]))
      const bytes = readFileSync(at('m'))
      const length = Number(bytes.readBigUInt64LE())
      expect(length % 8).toBe(0)
      expect(bytes.length).toBe(8 + length + 4)
      expect(JSON.parse(bytes.toString('utf8', 8, 8 + length)).__metadata__).toEqual({format: 'pt'})
    }
  })

  it('read halves, brain floats, doubles and integers', () => {
    const buffer = Buffer.concat([
      bytesOf(Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x7c00, 0xfc00, 0x8000)),
      bytesOf(Uint16Array.of(0x3f80, 0xc000, 0x7f80)),
      bytesOf(Float64Array.of(0.1)),
      bytesOf(Int32Array.of(-5)),
      bytesOf(BigInt64Array.of(2n ** 60n)),
      Uint8Array.of(200),
    ])
    const header = {
      half: {dtype: 'F16', shape: [8], data_offsets: [0, 16]},
      brain: {dtype: 'BF16', shape: [3], data_offsets: [16, 22]},
      double: {dtype: 'F64', shape: [1], data_offsets: [22, 30]},
      int: {dtype: 'I32', shape: [1], data_offsets: [30, 34]},
      long: {dtype: 'I64', shape: [1], data_offsets: [34, 42]},
      byte: {dtype: 'U8', shape: [1], data_offsets: [42, 43]},
    }
    writeRaw(at('m'), header, buffer)
    const read = readSafetensors(at('m'))
    const halves = [1, -2, 65504, 2 ** -24, 2 ** -14, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0]
    expect([...read.get('half')!.data]).toEqual(halves)
    expect([...read.get('brain')!.data]).toEqual([1, -2, Number.POSITIVE_INFINITY])
    expect(read.get('double')!.data).toEqual(Float32Array.of(0.1))
    expect(read.get('int')!.data).toEqual(Int32Array.of(-5))
    expect(read.get('long')!.data).toEqual(BigInt64Array.of(2n ** 60n))
    expect(read.get('byte')!.data).toEqual(Uint8Array.of(200))
    expect(() => readWeights(at('m'))).toThrow(/tensor int has dtype I32, expected floating-point/)
  })

  const four = new Uint8Array(4)
  const entry = (begin: number, end: number, shape: unknown = [1], dtype = 'F32') => ({
    dtype,
    shape,
    data_offsets: [begin, end],
  })
  it.each<[string, unknown, RegExp]>([
    ['not an object', '[1]', /does not start with '{'/],
    ['a byte order mark', '\uFEFF{}', /does not start with '{'/],
    ['not JSON', '{"a":', /not JSON/],
    ['nested beyond reason', `{"a":${'['.repeat(200_000)}`, /not JSON/],
    ['a repeated tensor', '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{}}', /key "\\u0061" twice/],
    ['a repeated field', '{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}', /key "shape" twice/],
    ['an unknown dtype', {a: entry(0, 4, [1], 'F8_E4M3')}, /dtype "F8_E4M3", expected one of F32/],
    ['an inherited name as dtype', {a: entry(0, 4, [1], 'toString')}, /dtype "toString"/],
    ['a tensor that is null', {a: null}, /tensor a has dtype undefined/],
    ['a wrong byte count', {a: entry(0, 4, [2])}, /has 4 bytes, expected 8/],
    ['a shape beyond all numbers', {a: entry(0, 4, [2 ** 52, 2 ** 52])}, /expected/],
    ['a negative size', {a: entry(0, 4, [-1])}, /shape \[-1\]/],
    ['offsets in the wrong order', {a: entry(4, 0)}, /data_offsets \[4,0\]/],
    ['fractional offsets', {a: entry(0.5, 4.5)}, /data_offsets/],
    ['overlap', {a: entry(0, 4), b: entry(0, 4)}, /tensor b overlaps/],
    ['a gap', {a: entry(4, 8)}, /bytes 0 to 4 belong to no tensor/],
    ['bytes past the end', {a: entry(0, 4), b: entry(4, 8)}, /take 8 bytes, but only 4 follow/],
    ['unused bytes', {}, /bytes 0 to 4 belong to no tensor/],
  ])('are refused with %s', (_, header, message) => {
    writeRaw(at('m'), header, four)
    expect(() => readSafetensors(at('m'))).toThrow(DataError)
    expect(() => readSafetensors(at('m'))).toThrow(message)
  })

  it('are refused with a header that claims too much, at whatever byte they were cut, and where there are none', async () => {
    const claim = Buffer.alloc(16)
    claim.writeBigUInt64LE(2n ** 63n)
    writeFileSync(at('m'), claim)
    expect(() => readSafetensors(at('m'))).toThrow(/header claims .* more than 100000000/)
    await writeSafetensors(at('m'), tensors)
    for (let size = readFileSync(at('m')).length - 1; size >= 0; size--) {
      truncateSync(at('m'), size)
      expect(() => readSafetensors(at('m')), `${size} bytes`).toThrow(DataError)
    }
    expect(() => readSafetensors(at('absent'))).toThrow(/absent.*ENOENT/)
    expect(() => readSafetensors(at())).toThrow(/EISDIR/)
  })

  it('are refused before writing when data and shape differ, and when the place cannot be written', async () => {
    const wrong = new Map([['a', {shape: [2], data: Float32Array.of(1)}]])
    await expect(writeSafetensors(at('m'), wrong)).rejects.toThrow(/tensor a has 1 values, expected shape \[2\]/)
    await expect(writeSafetensors(at('no/m'), tensors)).rejects.toThrow(RuntimeFailure)
    expect(readdirSync(at())).toEqual([])
  })
})

describe('the weights of a checkpoint', () => {
  const one = (value: number) => ({shape: [1], data: Float32Array.of(value)})

  it('come from model.safetensors, a file, or shards', async () => {
    await writeSafetensors(at('model-00001-of-00002.safetensors'), new Map([['a', one(1)]]))
    await writeSafetensors(
      at('model-00002-of-00002.safetensors'),
      new Map([
        ['b', one(2)],
        ['unlisted', one(3)],
      ]),
    )
    const weight_map = {b: 'model-00002-of-00002.safetensors', a: 'model-00001-of-00002.safetensors'}
    writeFileSync(at('model.safetensors.index.json'), JSON.stringify({weight_map}))
    expect([...readWeights(at())].map(([name, {data}]) => [name, data[0]])).toEqual([
      ['a', 1],
      ['b', 2],
    ])
    expect(readWeights(at('model-00002-of-00002.safetensors')).size).toBe(2)
    await writeSafetensors(at('model.safetensors'), tensors)
    expect(readWeights(at()).size).toBe(4)
  })

  it.each<[string, unknown, RegExp]>([
    ['leave the folder', {a: '../m.safetensors'}, /tensor a is in "..\/m.safetensors", expected a file name/],
    ['are no names', {a: 1}, /tensor a is in 1/],
    ['are missing', {a: 'm.safetensors'}, /m\.safetensors.*ENOENT/],
    ['are none', {}, /names no tensors/],
    ['lack a tensor', {other: 'there.safetensors'}, /tensor other, which the index puts here, is missing/],
  ])('are refused when shards %s', async (_, weight_map, message) => {
    await writeSafetensors(at('there.safetensors'), new Map([['a', one(1)]]))
    writeFileSync(at('model.safetensors.index.json'), JSON.stringify({weight_map}))
    expect(() => readWeights(at())).toThrow(DataError)
    expect(() => readWeights(at())).toThrow(message)
  })

  it('are refused where there are none', () => {
    mkdirSync(at('empty'))
    expect(() => readWeights(at('empty'))).toThrow(/empty\/model\.safetensors.*ENOENT/)
    expect(() => readWeights(at('absent'))).toThrow(DataError)
    writeFileSync(at('model.safetensors.index.json'), 'null')
    expect(() => readWeights(at())).toThrow(/names no tensors/)
  })

  it('name the first value that is not finite', () => {
    expect(findNonFinite(tensors)).toBeNull()
    const broken = new Map([...tensors, ['x', {shape: [2], data: Float32Array.of(1, Number.NaN)}] as const])
    expect(findNonFinite(broken)).toEqual({name: 'x', index: 1, value: Number.NaN})
  })
})
