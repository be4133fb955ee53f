import {describe, expect, it} from 'vitest'
import {tokenBytes} from '../../../src/core/tokenizer/token-bytes.js'
import {byteCharacters} from './sample-tokenizers.js'

describe('tokens of a byte-level alphabet', () => {
  it('spell every byte as one character', () => {
    byteCharacters.forEach((character, byte) => {
      expect([...tokenBytes(character, 'byte-level')]).toEqual([byte])
    })
  })

  it.each([
    ['Ġsize', ' size'],
    ['Ċ', '\n'],
    ['Ã©', 'é'],
    ['<0x0A>', '<0x0A>'],
  ])('%s is %j', (token, text) => {
    expect(Buffer.from(tokenBytes(token, 'byte-level')).toString()).toBe(text)
  })

  it('stand for themselves when they use other characters', () => {
    expect(Buffer.from(tokenBytes('<｜end▁of▁sentence｜>', 'byte-level')).toString()).toBe('<｜end▁of▁sentence｜>')
  })
})

describe('tokens with byte fallback', () => {
  it.each([
    ['▁size', [...Buffer.from(' size')]],
    ['▁▁', [0x20, 0x20]],
    ['<0x0A>', [0x0a]],
    ['<0xC3>', [0xc3]],
    ['é', [0xc3, 0xa9]],
    ['<0x0A>x', [...Buffer.from('<0x0A>x')]],
  ])('%s is %j', (token, bytes) => {
    expect([...tokenBytes(token, 'byte-fallback')]).toEqual(bytes)
  })
})
