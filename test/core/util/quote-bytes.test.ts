import {describe, expect, it} from 'vitest'
import {quoteBytes, quoteShort} from '../../../src/core/util/quote-bytes.js'

describe('bytes in quotes', () => {
  it.each([
    [' size', '" size"'],
    ['a\n\t"\\', '"a\\n\\t\\"\\\\"'],
    ['é😀', '"é😀"'],
    ['\u0000', '"\\u0000"'],
    ['\ufeffa', '"\ufeffa"'],
    ['', '""'],
  ])('%j', (text, quoted) => {
    expect(quoteBytes(Buffer.from(text))).toBe(quoted)
  })

  it.each([
    ['c3', '"\\xc3"'],
    ['61c328', '"a\\xc3("'],
    ['eda080', '"\\xed\\xa0\\x80"'],
    ['20e282', '" \\xe2\\x82"'],
    ['c080', '"\\xc0\\x80"'],
    ['f09f98', '"\\xf0\\x9f\\x98"'],
    ['efbfbd', '"\ufffd"'],
  ])('%s, which may be no UTF-8', (hex, quoted) => {
    expect(quoteBytes(Buffer.from(hex, 'hex'))).toBe(quoted)
  })

  it('are whole, or cut when they are long', () => {
    const long = Buffer.alloc(65, 'a')
    expect(quoteBytes(long)).toBe(`"${'a'.repeat(65)}"`)
    expect(quoteShort(long)).toBe(`"${'a'.repeat(64)}"...`)
    expect(quoteShort(long.subarray(1))).toBe(`"${'a'.repeat(64)}"`)
  })
})
