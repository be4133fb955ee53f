import {beforeAll, describe, expect, it} from 'vitest'
import {contextAt} from '../../../src/core/prompts/contexts.js'
import {isExpressible} from '../../../src/core/rewards/expressible.js'
import {parseCompletion} from '../../../src/core/rewards/parse.js'
import {loadTokenizer, type Tokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'
import {rewardOf} from '../../support/reward-of.js'

/** Tokens of any bytes at all; ids count through `tokens`. */
function tokenizerOf(tokens: readonly Buffer[]): Tokenizer {
  return {bytesOf: (id: number) => new Uint8Array(tokens[id])} as Tokenizer
}

/** The definition: a prefix that ends at a token boundary, boxed, is what the parser finds. */
function isBoxable(continuation: readonly Buffer[]): boolean {
  return continuation.some((_, last) => {
    const prefix = Buffer.concat(continuation.slice(0, last + 1))
    if (prefix.length === 0) return false
    const completion = Buffer.concat([Buffer.from('</think>\\boxed{'), prefix, Buffer.from('}')])
    const {prediction} = parseCompletion(completion, 'end-of-text')
    return prediction !== null && prefix.equals(prediction)
  })
}

const pieces = ['\\boxed{', '{', '}', '{', '}', '}{', '{}', '', '</think>', '\\boxed', ' x', 'é'].map((text) =>
  Buffer.from(text),
)

describe('a target that a box can hold', () => {
  it('is one of whose prefixes the parser reads back exactly, on random tokens', () => {
    const sampler = new Sampler(streamSeed(1, 'expressible'))
    const seen = {true: 0, false: 0}
    for (let round = 0; round < 4000; round++) {
      const tokens = Array.from({length: 1 + sampler.integer(6)}, () =>
        sampler.integer(6) === 0
          ? Buffer.from(Array.from({length: sampler.integer(4)}, () => sampler.integer(256)))
          : pieces[sampler.integer(pieces.length)],
      )
      const ids = Int32Array.from(tokens.keys())
      const most = 1 + sampler.integer(6)
      const position = sampler.integer(tokens.length)
      const expected = isBoxable(tokens.slice(position, position + most))
      expect(isExpressible(ids, position, most, tokenizerOf(tokens)), tokens.join('|')).toBe(expected)
      seen[`${expected}`]++
    }
    expect(Math.min(seen.true, seen.false)).toBeGreaterThan(1000)
  })
})

describe('the targets of LaTeX', () => {
  let tokenizer: Tokenizer
  beforeAll(async () => {
    tokenizer = await loadTokenizer('experiments/tiny')
  })

  it('are right in a box where they can be, and never where they cannot', () => {
    const text = 'so \\frac{a}{b} is in {x} and \\boxed{7} = {y'
    const ids = tokenizer.encodeText(text)
    const end = {stopReason: 'end-of-text', oldLogprobs: new Float32Array()} as const
    const inexpressible: string[] = []
    for (let position = 0; position < ids.length; position++) {
      const context = contextAt({docId: 'a', partition: 'train', tokenIds: ids}, position, 'hard', tokenizer, 32)
      const rewards = [...context.boundaries].map((boundary) => {
        const prefix = Buffer.from(context.truth.subarray(0, boundary)).toString()
        const completion = tokenizer.encodeMarkup(`</think>\\boxed{${prefix}}`)
        return rewardOf('prefix-match', tokenizer, context, {ids: completion, ...end}).total
      })
      expect(rewards.includes(1)).toBe(isExpressible(ids, position, 32, tokenizer))
      if (!rewards.includes(1)) inexpressible.push(tokenizer.decode(ids.subarray(position, position + 1)))
    }
    expect(inexpressible).toEqual(['}', '}', '}', '}', '{'])
  })

  it('need as much of the reference as closes what they open', () => {
    const ids = tokenizer.encodeText('{ab} c')
    expect([1, 2, 3, 4, 32].map((most) => isExpressible(ids, 0, most, tokenizer))).toEqual(
      [1, 2, 3, 4, 32].map((most) => tokenizer.decode(ids.subarray(0, most)).includes('}')),
    )
  })
})
