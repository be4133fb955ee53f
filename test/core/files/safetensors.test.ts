import {execFileSync} from 'node:child_process'
import {readdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync} from 'node:fs'
import {describe, expect, it} from 'vitest'
import {DataError, NumericError, RuntimeFailure} from '../../../src/core/util/errors.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'
import {SafetensorsFile, writeSafetensors} from '../../../src/core/weights/index.js'
import {readTensors} from '../../support/read-tensors.js'
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
  const isText = typeof header === 'string' || Buffer.isBuffer(header)
  const json = Buffer.from(isText ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  writeFileSync(path, Buffer.concat([length, json, buffer]))
}

const bytesOf = (values: ArrayBufferView) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

describe('safetensors', () => {
  it('come back as they were written', async () => {
    await writeSafetensors(at('m.safetensors'), tensors)
    const read = readTensors(at('m.safetensors'))
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

  it('read halves, brain floats and doubles; of integers their place is known', () => {
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
    const file = SafetensorsFile.open(at('m'))
    const valuesOf = (name: string) => [...file.pieces(name)].flatMap(({values}) => [...values])
    const halves = [1, -2, 65504, 2 ** -24, 2 ** -14, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0]
    expect(valuesOf('half')).toEqual(halves)
    expect(valuesOf('brain')).toEqual([1, -2, Number.POSITIVE_INFINITY])
    expect(valuesOf('double')).toEqual([Math.fround(0.1)])
    expect([...file.entries.keys()]).toEqual(Object.keys(header))
    expect(() => [...file.pieces('int')]).toThrow(/tensor int has dtype I32, expected floating-point weights: F32, F16/)
    file.close()
  })

  it('may have no values, in whatever order the header names them', () => {
    const header = {
      full: {dtype: 'F32', shape: [2], data_offsets: [0, 8]},
      first: {dtype: 'F32', shape: [0], data_offsets: [0, 0]},
      last: {dtype: 'F32', shape: [0, 3], data_offsets: [8, 8]},
    }
    writeRaw(at('m'), header, bytesOf(Float32Array.of(1, 2)))
    const file = SafetensorsFile.open(at('m'))
    expect([...file.entries.keys()]).toEqual(['first', 'full', 'last'])
    expect([...file.pieces('last')]).toEqual([])
    file.close()
  })

  it('are refused when their file gets shorter while it is read', () => {
    writeRaw(at('m'), {a: {dtype: 'F32', shape: [2], data_offsets: [0, 8]}}, new Uint8Array(8))
    const file = SafetensorsFile.open(at('m'))
    truncateSync(at('m'), statSync(at('m')).size - 1)
    expect(() => [...file.pieces('a')]).toThrow(/it ended while tensor a was read/)
    file.close()
  })

  it.runIf(process.platform === 'linux')('are closed when they are refused', () => {
    writeRaw(at('m'), {a: {dtype: 'F32', shape: [2], data_offsets: [0, 4]}}, new Uint8Array(4))
    const open = () => readdirSync('/proc/self/fd').length
    const before = open()
    for (let round = 0; round < 3; round++) expect(() => SafetensorsFile.open(at('m'))).toThrow(DataError)
    expect(open()).toBe(before)
  })

  it.each(['F32', 'BF16', 'F16'] as const)('are written and read in pieces as %s', async (dtype) => {
    const data = Float32Array.from({length: 2 ** 17 + 3}, (_, i) => (i % 251) - 125)
    await writeSafetensors(at('m'), new Map([['a', {shape: [data.length], data}]]), dtype)
    const read = readTensors(at('m')).get('a')!
    expect(read).toMatchObject({shape: [data.length], dtype})
    expect(data.findIndex((value, i) => read.data[i] !== value)).toBe(-1)
    const file = SafetensorsFile.open(at('m'))
    const pieces = [...file.pieces('a')].map(({offset, values}) => [offset, values.length])
    expect(pieces).toEqual([
      [0, 65536],
      [65536, 65536],
      [131072, 3],
    ])
    file.close()
  })

  it('name the tensor that a dtype cannot hold, and leave nothing', async () => {
    const wide = new Map([['lm_head', {shape: [3], data: Float32Array.of(1, 65519, -65520)}]])
    await expect(writeSafetensors(at('m'), wide, 'F16')).rejects.toThrow(NumericError)
    await expect(writeSafetensors(at('m'), wide, 'F16')).rejects.toThrow(
      /tensor lm_head holds -65520 at 2, beyond .* F16/,
    )
    expect(readdirSync(at())).toEqual([])
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
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22]), /not UTF-8/],
    ['nested beyond reason', `{"a":${'['.repeat(200_000)}`, /nested more than 100 deep/],
    ['a repeated tensor', '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{}}', /key "a" twice/],
    ['a tensor named __proto__', `{"__proto__":${JSON.stringify(entry(0, 4))}}`, /key named __proto__/],
    ['a tensor named __metadata__', {__metadata__: entry(0, 4)}, /__metadata__ holds more than texts/],
    ['metadata that are a list', {__metadata__: [], a: entry(0, 4)}, /__metadata__ holds more than texts/],
    ['a name of many lines', {'a\nb\u001b[2J': null}, /tensor "a\\nb\\u001b\[2J" has dtype/],
    ['integers', {a: entry(0, 4, [4], 'I8')}, /dtype I8, expected/],
    ['no dtype', {a: {shape: [1], data_offsets: [0, 4]}}, /dtype undefined/],
    ['offsets below zero', {a: entry(-4, 0)}, /data_offsets \[-4,0\]/],
    [
      'offsets that are no numbers',
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,"4"]}}',
      /data_offsets \[0,"4"\]/,
    ],
    [
      'offsets beyond all numbers',
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,1e999]}}',
      /data_offsets \[0,null\]/,
    ],
    ['offsets beyond whole numbers', {a: entry(2 ** 53, 2 ** 53 + 4)}, /data_offsets/],
    ['three offsets', {a: {dtype: 'F32', shape: [1], data_offsets: [0, 4, 4]}}, /data_offsets \[0,4,4\]/],
    ['a repeated field', '{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}', /key "shape" twice/],
    ['an unknown dtype', {a: entry(0, 4, [1], 'F8_E4M3')}, /dtype F8_E4M3, expected one of F32/],
    ['an inherited name as dtype', {a: entry(0, 4, [1], 'toString')}, /dtype toString/],
    ['a tensor that is null', {a: null}, /tensor a has dtype undefined/],
    ['too few bytes', {a: entry(0, 4, [2])}, /has 4 bytes, expected 8/],
    ['too many bytes', {a: entry(0, 4, [1], 'F16')}, /has 4 bytes, expected 2/],
    ['a shape beyond all numbers', {a: entry(0, 4, [2 ** 52, 2 ** 52])}, /expected/],
    ['a negative size', {a: entry(0, 4, [-1])}, /shape \[-1\]/],
    ['offsets in the wrong order', {a: entry(4, 0)}, /data_offsets \[4,0\]/],
    ['fractional offsets', {a: entry(0.5, 4.5)}, /data_offsets/],
    ['overlap', {a: entry(0, 4), b: entry(0, 4)}, /tensor b overlaps/],
    ['overlap in part', {a: entry(0, 4), b: entry(2, 4, [1], 'F16')}, /tensor b overlaps/],
    ['a gap', {a: entry(4, 8)}, /bytes 0 to 4 belong to no tensor/],
    ['bytes past the end', {a: entry(0, 4), b: entry(4, 8)}, /take 8 bytes, but only 4 follow/],
    ['unused bytes', {}, /bytes 0 to 4 belong to no tensor/],
  ])('are refused with %s', (_, header, message) => {
    writeRaw(at('m'), header, four)
    expect(() => readTensors(at('m'))).toThrow(DataError)
    expect(() => readTensors(at('m'))).toThrow(message)
  })

  it('are refused with a header that claims too much, at whatever byte they were cut, and where there are none', async () => {
    const claim = Buffer.alloc(16)
    claim.writeBigUInt64LE(2n ** 63n)
    writeFileSync(at('m'), claim)
    expect(() => readTensors(at('m'))).toThrow(/header claims .* more than 100000000/)
    await writeSafetensors(at('m'), tensors)
    for (let size = readFileSync(at('m')).length - 1; size >= 0; size--) {
      truncateSync(at('m'), size)
      expect(() => readTensors(at('m')), `${size} bytes`).toThrow(DataError)
    }
    expect(() => readTensors(at('absent'))).toThrow(/absent.*ENOENT/)
    expect(() => readTensors(at())).toThrow(/is a folder; expected a plain file/)
  })

  it('are refused without a look at a header of a gigabyte', () => {
    writeFileSync(at('m'), Buffer.from([0, 0, 0, 64, 0, 0, 0, 0, 0x7b]))
    truncateSync(at('m'), 2 ** 30 + 100)
    const before = process.memoryUsage().arrayBuffers
    expect(() => readTensors(at('m'))).toThrow(/header claims 1073741824 bytes, more than 100000000/)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20)
  })

  it.skipIf(process.platform === 'win32')(
    'are read through a link, and not from a pipe, which might never end',
    async () => {
      await writeSafetensors(at('blob'), tensors)
      symlinkSync('blob', at('link'))
      expect(readTensors(at('link')).size).toBe(tensors.size)
      symlinkSync('circle', at('circle'))
      expect(() => readTensors(at('circle'))).toThrow(DataError)
      execFileSync('mkfifo', [at('pipe')])
      expect(() => readTensors(at('pipe'))).toThrow(/pipe is a named pipe; expected a plain file/)
    },
  )

  it('are refused before writing when data and shape differ, and when the place cannot be written', async () => {
    const wrong = new Map([['a', {shape: [2], data: Float32Array.of(1)}]])
    await expect(writeSafetensors(at('m'), wrong)).rejects.toThrow(/tensor a has 1 values, expected shape \[2\]/)
    await expect(writeSafetensors(at('no/m'), tensors)).rejects.toThrow(RuntimeFailure)
    expect(readdirSync(at())).toEqual([])
  })
})

it('whatever bytes a header has, the file is read or refused', async () => {
  await writeSafetensors(at('sound'), tensors)
  const sound = readFileSync(at('sound'))
  const sampler = new Sampler(streamSeed(3, 'spoiled headers'))
  const counts = {read: 0, refused: 0}
  for (let round = 0; round < 2000; round++) {
    const bytes = Buffer.from(sound)
    const headerBytes = 8 + Number(sound.readBigUInt64LE())
    for (let edits = 1 + (round % 3); edits > 0; edits--) {
      const other = [sampler.integer(256), 0x30 + sampler.integer(10), bytes[sampler.integer(headerBytes)]]
      bytes[sampler.integer(headerBytes)] = other[sampler.integer(3)]
    }
    writeFileSync(at('spoiled'), bytes)
    try {
      readTensors(at('spoiled'))
      counts.read++
    } catch (error) {
      const isClear = error instanceof DataError && !/[\p{Cc}]|is not a function|Cannot read/u.test(error.message)
      if (!isClear) throw new Error(`${JSON.stringify(bytes.toString('latin1'))}: ${error}`, {cause: error})
      counts.refused++
    }
  }
  expect(counts.read).toBeGreaterThan(20)
  expect(counts.refused).toBeGreaterThan(1000)
})
