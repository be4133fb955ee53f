import {beforeAll, describe, expect, it} from 'vitest'
import {tokenizeDocument} from '../../../src/core/preparation/tokenize.js'
import {contextAt} from '../../../src/core/prompts/contexts.js'
import type {Document} from '../../../src/core/records/records.js'
import {loadTokenizer, type Tokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {DataError} from '../../../src/core/util/errors.js'
import {byteFallback, byteLevel, byteLevelConfig, writeTokenizer} from '../tokenizer/sample-tokenizers.js'

let tokenizer: Tokenizer
beforeAll(async () => {
  tokenizer = await loadTokenizer(writeTokenizer(byteLevel(), byteLevelConfig))
})

const raw = (text: string) => ({docId: 'a.txt:1', text})
const withNormalizer = (type: string) => loadTokenizer(writeTokenizer({...byteLevel(), normalizer: {type}}))

describe('a tokenized document', () => {
  it('has its start token first, empty, and each token at its byte', () => {
    const {tokenIds, byteOffsets, partition} = tokenizeDocument(raw('é size and'), 'val', tokenizer)
    expect([...tokenIds]).toEqual([1000, 0xc3, 0xa9, ...tokenizer.encodeText(' size and')])
    expect([...byteOffsets]).toEqual([0, 0, 1, 2, 7])
    expect(partition).toBe('val')
  })

  it('has no start token where the model uses none', async () => {
    const plain = await loadTokenizer(writeTokenizer(byteLevel()))
    const {tokenIds, byteOffsets} = tokenizeDocument(raw(' size and'), 'train', plain)
    expect([tokenIds.length, [...byteOffsets]]).toEqual([2, [0, 5]])
    expect(() => tokenizeDocument(raw(' size'), 'train', plain)).toThrow(/a\.txt:1 is too short: 1 token/)
  })

  it('spells its text at its offsets', () => {
    const text = 'naïve  <think> 😀\n size'
    const {tokenIds, byteOffsets} = tokenizeDocument(raw(text), 'train', tokenizer)
    const bytes = Buffer.from(text)
    tokenIds.forEach((id, i) => {
      if (i > 0) expect(bytes.subarray(byteOffsets[i], byteOffsets[i + 1]).equals(tokenizer.bytesOf(id))).toBe(true)
    })
  })

  it('may be as long as a book', () => {
    expect(tokenizeDocument(raw(' size and'.repeat(150_000)), 'train', tokenizer).tokenIds.length).toBe(300_001)
  })

  it('has the text that its tokens spell where a tokenizer brings it to form NFC', async () => {
    const document = tokenizeDocument(raw('caf\u0065\u0301!'), 'train', await withNormalizer('NFC'))
    expect(document.text).toBe('caf\u00e9!')
    const young = '\u{105d2}\u0307'
    const mixed = tokenizeDocument(raw(`e\u0301${young}`), 'train', await withNormalizer('NFC'))
    expect(mixed.text, 'compositions that the reference does not know').toBe(`\u00e9${young}`)
  })

  it('is refused by name where a tokenizer changes more than that', async () => {
    const refused = async (text: string, other: Promise<Tokenizer>) => {
      const loaded = await other
      expect(() => tokenizeDocument(raw(text), 'train', loaded)).toThrow(DataError)
      expect(() => tokenizeDocument(raw(text), 'train', loaded)).toThrow(/a\.txt:1: its tokens spell other bytes/)
    }
    await refused('Size', withNormalizer('Lowercase'))
    await refused('ﬁ', withNormalizer('NFKC'))
    await refused('a\u2581b', loadTokenizer(writeTokenizer(byteFallback())))
  })

  it('is refused where the vocabulary lacks a byte, from that byte on', async () => {
    const json = byteLevel()
    delete json.model.vocab.Z
    const poor = await loadTokenizer(writeTokenizer(json))
    expect(() => tokenizeDocument(raw('abZ'), 'train', poor)).toThrow(/from byte 2 on/)
  })
})

describe('a context', () => {
  const documentOf = (ids: number[]): Document => {
    const tokenIds = Int32Array.from(ids)
    return {
      docId: 'a:1',
      partition: 'train',
      text: '',
      tokenIds,
      byteOffsets: new Int32Array(ids.length),
      goesOn: false,
    }
  }

  it('ends before its target and knows where the tokens after it end', () => {
    const document = tokenizeDocument(raw('a size and é'), 'train', tokenizer)
    const context = contextAt(document, 2, 'hard', tokenizer, 3)
    expect([...context.tokenIds]).toEqual([1000, 97])
    expect(Buffer.from(context.truth).toString()).toBe(' size and ')
    expect([...context.boundaries]).toEqual([5, 9, 10])
    expect(context).toMatchObject({docId: 'a.txt:1', position: 2, difficulty: 'hard'})
  })

  it('has boundaries within a character where tokens end there', () => {
    const document = tokenizeDocument(raw('aé'), 'train', tokenizer)
    expect([...contextAt(document, 2, 'easy', tokenizer, 32).boundaries]).toEqual([1, 2])
  })

  it('has no boundary for a token without bytes', () => {
    const context = contextAt(documentOf([1000, 5000, 97, 5000, 98]), 1, 'easy', tokenizer, 32)
    expect([...context.boundaries]).toEqual([1, 2])
    expect(Buffer.from(context.truth).toString()).toBe('ab')
  })
})
