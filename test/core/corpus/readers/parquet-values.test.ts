import {describe, expect, it} from 'vitest'
import {Cursor, readRuns, textEncodings} from '../../../../src/core/corpus/readers/parquet-values.js'

const cursor = (...bytes: number[]) => new Cursor(Uint8Array.from(bytes))
const bytesOf = (text: string) => [...Buffer.from(text)]
const textsOf = (parts: readonly Uint8Array[]) => parts.map((part) => Buffer.from(part).toString())

describe('runs', () => {
  it('are one value repeated, or groups of eight packed into bits', () => {
    expect([...readRuns(cursor(3 << 1, 7), 3, 3)]).toEqual([7, 7, 7])
    // The example of the format's own page: 0 to 7 in three bits each.
    expect([...readRuns(cursor(3, 0b10001000, 0b11000110, 0b11111010), 3, 8)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect([...readRuns(cursor(2 << 1, 5, 3, 0b101), 1, 5)]).toEqual([5, 5, 1, 0, 1])
    expect([...readRuns(cursor(1 << 1, 1, 2, 3, 4), 32, 1)]).toEqual([0x04030201])
  })

  it('of no bits are zeros that are not written', () => {
    expect([...readRuns(cursor(), 0, 3)]).toEqual([0, 0, 0])
  })

  it('may lack the padding of the last group, and nothing else', () => {
    expect([...readRuns(cursor(5, 0xff), 1, 8)]).toHaveLength(8)
    expect(() => readRuns(cursor(5, 0xff), 1, 9)).toThrow(/1 are left/)
  })

  it.each<[string, number[], RegExp]>([
    ['over the end of what is left', [2 << 1, 1, 2 << 1, 1], /a run of 2 values, but 1 are left/],
    ['over the end', [0xfe, 0xff, 0xff, 0xff, 0x0f, 1], /a run of 2147483647 values, but 3 are left/],
    ['without a value', [3 << 1], /1 bytes are needed, but 0 are left/],
    ['that do not come', [], /are left/],
    ['whose length has no end', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], /has no end/],
  ])('%s are refused', (_, bytes, message) => {
    expect(() => readRuns(cursor(...bytes), 3, 3)).toThrow(message)
  })

  it('of more than 32 bits are refused', () => {
    expect(() => readRuns(cursor(1 << 1, 1, 2, 3, 4, 5), 33, 1)).toThrow(/numbers of 33 bits/)
  })
})

describe('texts', () => {
  it('of a dictionary are looked up, never outside of it', () => {
    const dictionary = ['a', 'b'].map((text) => new Uint8Array(Buffer.from(text)))
    expect(textsOf(textEncodings.RLE_DICTIONARY(cursor(1, 2 << 1, 1), 2, dictionary))).toEqual(['b', 'b'])
    expect(() => textEncodings.RLE_DICTIONARY(cursor(2, 2 << 1, 2), 2, dictionary)).toThrow(
      /text 2 of a dictionary of 2/,
    )
    expect(() => textEncodings.RLE_DICTIONARY(cursor(1, 2 << 1, 0), 2, undefined)).toThrow(/dictionary of 0/)
  })

  it('that are plain end where their bytes end', () => {
    expect(textsOf(textEncodings.PLAIN(cursor(2, 0, 0, 0, ...bytesOf('ab')), 1, undefined))).toEqual(['ab'])
    expect(() => textEncodings.PLAIN(cursor(3, 0, 0, 0, ...bytesOf('ab')), 1, undefined)).toThrow(/3 bytes are needed/)
  })

  // A block of 128 in 4 parts; the differences from the second number on are the smallest one (zigzag) plus no bits.
  const deltas = (first: number, step: number, count: number) => [
    ...[0x80, 0x01, 4, count, first * 2],
    ...(count > 1 ? [step < 0 ? -2 * step - 1 : 2 * step, 0, 0, 0, 0] : []),
  ]

  it('share the beginnings of those before them', () => {
    const values = cursor(...deltas(0, 2, 3), ...deltas(3, -1, 3), ...bytesOf('axebyc'))
    expect(textsOf(textEncodings.DELTA_BYTE_ARRAY(values, 3, undefined))).toEqual(['axe', 'axby', 'axbyc'])
  })

  it('have lengths as differences', () => {
    const values = cursor(...deltas(1, 1, 3), ...bytesOf('abbccc'))
    expect(textsOf(textEncodings.DELTA_LENGTH_BYTE_ARRAY(values, 3, undefined))).toEqual(['a', 'bb', 'ccc'])
  })

  it('end within a block, whose other parts have no bytes, whatever their widths', () => {
    const widths = [0, 9, 32, 255]
    const lengths = [0x80, 0x01, 4, 3, 1 * 2, 1 * 2, ...widths]
    const values = cursor(...lengths, ...bytesOf('abbccc'))
    expect(textsOf(textEncodings.DELTA_LENGTH_BYTE_ARRAY(values, 3, undefined))).toEqual(['a', 'bb', 'ccc'])
  })

  it.each<[string, number[], RegExp]>([
    [
      'a prefix that is longer than the text before',
      [...deltas(1, 0, 2), ...deltas(1, 0, 2), 65, 66],
      /prefix is too long/,
    ],
    ['a length below zero', [...deltas(0, 0, 2), ...deltas(1, -2, 2), 65, 66], /-1 bytes are needed/],
    ['blocks of no parts', [0x80, 0x01, 0, 2, 0, 0], /differences in blocks of 128 \/ 0/],
    ['another count', deltas(0, 0, 3), /3 differences in blocks of 128 \/ 4; 2 are expected/],
    ['33 bits', [0x80, 0x01, 4, 2, 0, 0, 33, 0, 0, 0], /differences of 33 bits/],
  ])('with %s are refused', (_, bytes, message) => {
    expect(() => textEncodings.DELTA_BYTE_ARRAY(cursor(...bytes), 2, undefined)).toThrow(message)
  })
})
