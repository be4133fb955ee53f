import {beforeAll, describe, expect, it} from 'vitest'
import type {Context} from '../../../src/core/records/records.js'
import {firstToken} from '../../../src/core/rewards/first-token.js'
import {explainPrefix, prefixReward} from '../../../src/core/rewards/prefix-match.js'
import {loadTokenizer, type Tokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'
import {rewardOf} from '../../support/reward-of.js'
import {byteFallback, byteLevel, byteLevelConfig, writeTokenizer} from '../tokenizer/sample-tokenizers.js'

let tokenizer: Tokenizer
beforeAll(async () => {
  tokenizer = await loadTokenizer(writeTokenizer(byteLevel(), byteLevelConfig))
})

const context: Context = {
  docId: 'a:1',
  position: 1,
  difficulty: 'hard',
  tokenIds: Int32Array.of(1000),
  targetId: 0,
  truth: new Uint8Array(Buffer.from(' size and decreases')),
  boundaries: Int32Array.of(5, 9, 19),
}

describe('a reward', () => {
  it('is given for random ids without failing, 0 or 1 with an explanation of one line', () => {
    const sampler = new Sampler(streamSeed(3, 'reward'))
    const ends = [...tokenizer.encodeMarkup('</think>\\boxed{')]
    for (let round = 0; round < 500; round++) {
      const sampled = Array.from({length: sampler.integer(30)}, () => sampler.integer(1100))
      const ids = Int32Array.from([...sampled, ...ends, ...sampled, 125])
      const completion = {ids, oldLogprobs: new Float32Array(ids.length), stopReason: 'end-of-text'} as const
      for (const name of ['prefix-match', 'first-token'] as const) {
        const {total, explanation} = rewardOf(name, tokenizer, context, completion)
        expect([0, 1]).toContain(total)
        expect(explanation).not.toMatch(/undefined|NaN|\n/)
      }
    }
  })
})

describe('prefix matching', () => {
  it('pays exactly for the prefixes that end on boundaries', () => {
    const {truth, boundaries} = context
    const paid = Array.from({length: truth.length + 1}, (_, length) => length).filter(
      (length) => prefixReward(truth.subarray(0, length), truth, boundaries) === 1,
    )
    expect(paid).toEqual([...boundaries])
  })

  it('pays nothing once any byte differs', () => {
    const {truth, boundaries} = context
    for (let at = 0; at < truth.length; at++) {
      const changed = Uint8Array.from(truth)
      changed[at] ^= 1
      expect(prefixReward(changed, truth, boundaries)).toBe(0)
    }
  })

  it('lists the boundaries near the end of a long prediction', () => {
    const truth = new Uint8Array(Buffer.from('ab'.repeat(20)))
    const boundaries = Int32Array.from({length: 20}, (_, i) => 2 * i + 2)
    const sentence = explainPrefix(truth.subarray(0, 21), {...context, truth, boundaries})
    expect(sentence).toContain('byte 21 is no token boundary (boundaries ..., 16, 18, 20, 22, 24, 26, ...)')
  })

  it.each([
    [['a', '\tb'], 'a\t', 'correct prefix "a" but trailing white space: byte 2 is no token boundary (boundaries 1, 3)'],
    [['a', '  b'], 'a  ', 'correct prefix "a" but trailing white space: byte 3 is no token boundary (boundaries 1, 4)'],
    [['a', 'b'], 'a\r', 'correct prefix "a" but trailing white space, where "ab" follows'],
    [['a', 'b'], 'a\t', 'correct prefix "a" but trailing white space, where "ab" follows'],
    [[' size'], ' si ', 'next is " size"; yours is " si ": only the first 3 of 4 bytes agree'],
    [['xsize'], 'size', 'next is "xsize"; yours is "size": no byte agrees'],
    [[' size', ' and'], ' bird', 'next is " size"; yours is " bird": only the first 1 of 5 bytes agree'],
    [
      [`${'é'.repeat(30)}ab`],
      `${'é'.repeat(30)}ac`,
      'next is ..."ééééééééab"; yours is ..."ééééééééac": only the first 61 of 62 bytes agree',
    ],
  ])('of %j says of %j: %s', (tokens, prediction, explanation) => {
    const boundaries = Int32Array.from(tokens, (_, i) => Buffer.byteLength(tokens.slice(0, i + 1).join('')))
    const truth = new Uint8Array(Buffer.from(tokens.join('')))
    expect(explainPrefix(Buffer.from(prediction), {...context, truth, boundaries})).toBe(explanation)
  })
})

describe('first-token matching', () => {
  it('reads an answer in the form that the tokenizer brings documents to', async () => {
    const composing = await loadTokenizer(writeTokenizer({...byteLevel(['é']), normalizer: {type: 'NFC'}}))
    const [target] = composing.encodeText('é')
    expect(firstToken(Buffer.from('e\u0301t'), composing)).toBe(target)
    expect(firstToken(Buffer.from('ét'), composing)).toBe(target)
    expect(firstToken(Buffer.from('e'), composing)).not.toBe(target)
  })
  it('reads an answer as it is where the tokenizer brings documents to no form', () => {
    expect(firstToken(Buffer.from('e\u0301t'), tokenizer)).toBe(tokenizer.encodeText('e')[0])
  })

  it('takes no sign for the space that a tokenizer writes with it', async () => {
    const pieces = await loadTokenizer(writeTokenizer(byteFallback()))
    expect(firstToken(Buffer.from(' size'), pieces)).toBe(pieces.encodeText(' size')[0])
    expect(firstToken(Buffer.from('\u2581size'), pieces)).toBeNull()
  })

  it('takes a byte order mark for a character', async () => {
    const marking = await loadTokenizer(writeTokenizer(byteLevel(['\ufeff'])))
    const [target] = marking.encodeText('\ufeff')
    expect(firstToken(Buffer.from('\ufeffa'), marking)).toBe(target)
  })
})
