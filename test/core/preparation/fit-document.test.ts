import {beforeAll, describe, expect, it} from 'vitest'
import {DocumentFitter, type LongPolicy} from '../../../src/core/preparation/fit-document.js'
import type {Scorer} from '../../../src/core/preparation/scorer.js'
import {tokenizeDocument} from '../../../src/core/preparation/tokenize.js'
import {clusterOf} from '../../../src/core/records/cluster-of.js'
import type {Document, Partition} from '../../../src/core/records/records.js'
import {loadTokenizer, type Tokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {DataError} from '../../../src/core/util/errors.js'
import {byteLevel, byteLevelConfig, writeTokenizer} from '../tokenizer/sample-tokenizers.js'

let withStart: Tokenizer
let plain: Tokenizer
beforeAll(async () => {
  withStart = await loadTokenizer(writeTokenizer(byteLevel(), byteLevelConfig))
  plain = await loadTokenizer(writeTokenizer(byteLevel()))
})

const scorer = (maxPositions: number, partitions: Partition[] = ['train', 'val']): Scorer => ({
  role: 'proxy',
  place: {folder: '/proxy', base: null},
  maxPositions,
  partitions,
})
const documentOf = (text: string, tokenizer: Tokenizer, partition: Partition = 'train') =>
  tokenizeDocument({docId: 'a#1.jsonl:7', text}, partition, tokenizer)

function fitted(text: string, policy: LongPolicy, positions: number, tokenizer: Tokenizer) {
  const fitter = new DocumentFitter(policy, [scorer(positions)], tokenizer)
  return {pieces: fitter.fit(documentOf(text, tokenizer)), fitter}
}

/** Every token's bytes stand in the text at its offset; a start token is empty. */
function checkSpelling({text, tokenIds, byteOffsets}: Document, tokenizer: Tokenizer) {
  const bytes = Buffer.from(text)
  const start = tokenIds[0] === tokenizer.startId ? 1 : 0
  expect(bytes.equals(tokenizer.concatBytes(tokenIds.subarray(start)))).toBe(true)
  tokenIds.subarray(start).forEach((id, i) => {
    const at = byteOffsets[start + i]
    expect(bytes.subarray(at, at + tokenizer.bytesOf(id).length).equals(tokenizer.bytesOf(id))).toBe(true)
  })
}

const text = 'naïve 中文 and \u{1f600}\u{1f600} size, é decreases'

describe('a document that is longer than a scorer takes', () => {
  it('is as it is when it fits to the last token', () => {
    const {pieces, fitter} = fitted('abc', 'error', 4, withStart)
    expect(pieces).toEqual([documentOf('abc', withStart)])
    expect(pieces[0].goesOn).toBe(false)
    expect(fitter.summary).toEqual({left_out: 0, cut: 0, windowed: 0, windows: 0, tokens_left_out: 0})
    expect(fitter.warning).toBeNull()
  })

  it('is an error unless it is set what to do, with the settings', () => {
    const failure = (() => {
      try {
        fitted('abcd', 'error', 4, withStart)
      } catch (error) {
        return error as DataError
      }
    })()
    expect(failure).toBeInstanceOf(DataError)
    expect(failure!.message).toBe('a#1.jsonl:7 has 5 tokens; the proxy /proxy takes 4')
    expect(failure!.suggestions.join()).toMatch(/data\.onLongDocument=windows/)
  })

  it('can be left out', () => {
    const {pieces, fitter} = fitted('abcd', 'skip', 4, withStart)
    expect(pieces).toEqual([])
    expect(fitter.summary).toMatchObject({left_out: 1, tokens_left_out: 4})
  })

  it('can be cut at the end', () => {
    const {pieces, fitter} = fitted('abcde', 'cut', 4, withStart)
    expect(pieces.map(({docId, text: own, goesOn}) => [docId, own, goesOn])).toEqual([['a#1.jsonl:7', 'abc', true]])
    expect(fitter.summary).toEqual({left_out: 0, cut: 1, windowed: 0, windows: 0, tokens_left_out: 2})
    expect(fitter.warning).toMatch(/\(data\.onLongDocument is cut\): 1 cut at the end; tokens left out: 2/)
  })

  it.each([5, 6, 7, 11, 16])('can be cut into windows of %i tokens that lose nothing', (positions) => {
    for (const tokenizer of [withStart, plain]) {
      const {pieces, fitter} = fitted(text, 'windows', positions, tokenizer)
      expect(pieces.length).toBeGreaterThan(1)
      const losesLast = fitter.summary.tokens_left_out > 0
      expect(pieces.map(({goesOn}) => goesOn)).toEqual(pieces.map((_, i) => losesLast || i < pieces.length - 1))
      expect(pieces.map(({text: own}) => own).join('') + text.slice(text.length - fitter.summary.tokens_left_out)).toBe(
        text,
      )
      for (const [index, piece] of pieces.entries()) {
        expect(piece.docId).toBe(`a#1.jsonl:7#${index + 1}`)
        expect(clusterOf(piece.docId)).toBe('a#1.jsonl:7')
        expect(piece.tokenIds.length).toBeLessThanOrEqual(positions)
        expect(piece.tokenIds[0] === tokenizer.startId).toBe(tokenizer === withStart)
        expect(piece.text).not.toContain('\ufffd')
        checkSpelling(piece, tokenizer)
      }
      expect(fitter.summary).toMatchObject({windowed: 1, windows: pieces.length})
    }
  })

  it('loses a last token that would stand alone, without anything to be predicted from', () => {
    const {pieces, fitter} = fitted('abcde', 'windows', 4, plain)
    expect(pieces.map(({text: own, goesOn}) => [own, goesOn])).toEqual([['abcd', true]])
    expect(fitter.summary).toEqual({left_out: 0, cut: 0, windowed: 1, windows: 1, tokens_left_out: 1})
    expect(fitted('abcde', 'windows', 4, withStart).pieces.map(({text: own}) => own)).toEqual(['abc', 'de'])
  })

  it('is refused where no cut lies between two characters', () => {
    expect(() => fitted('\u{1f600}\u{1f601}', 'windows', 3, plain)).toThrow(
      /no cut between two characters leaves at most 3/,
    )
  })

  it('is measured by the models that score it: the smallest of them', () => {
    const fitter = new DocumentFitter('skip', [scorer(5), scorer(3, ['val'])], withStart)
    expect(fitter.fit(documentOf('abc', withStart, 'train'))).toHaveLength(1)
    expect(fitter.fit(documentOf('abc', withStart, 'val'))).toHaveLength(0)
    expect(new DocumentFitter('error', [], withStart).fit(documentOf('abcdefg', withStart))).toHaveLength(1)
  })
})

describe('the document of a doc_id', () => {
  it.each([
    ['a.jsonl:12', 'a.jsonl:12'],
    ['a.jsonl:12#3', 'a.jsonl:12'],
    ['a#3:1', 'a#3:1'],
    ['a:1#2:5', 'a:1#2:5'],
    ['a:1#2:5#10', 'a:1#2:5'],
    ['owner/name:5#1', 'owner/name:5'],
    ['stdin:1#1', 'stdin:1'],
  ])('%s is %s', (docId, document) => {
    expect(clusterOf(docId)).toBe(document)
  })
})
