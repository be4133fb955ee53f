import {beforeAll, describe, expect, it} from 'vitest'
import type {Context} from '../../../src/core/records/records.js'
import {explainPrefix, prefixReward} from '../../../src/core/rewards/prefix-match.js'
import {rewardFor} from '../../../src/core/rewards/reward.js'
import {loadTokenizer, type Tokenizer} from '../../../src/core/tokenizer/tokenizer.js'
import {UsageError} from '../../../src/core/util/errors.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'
import {byteLevel, byteLevelConfig, writeTokenizer} from '../tokenizer/sample-tokenizers.js'

let tokenizer: Tokenizer
beforeAll(async () => {
  tokenizer = await loadTokenizer(writeTokenizer(byteLevel(), byteLevelConfig))
})

const context: Context = {
  docId: 'a:1',
  position: 1,
  difficulty: 'hard',
  tokenIds: Int32Array.of(1000),
  truth: new Uint8Array(Buffer.from(' size and decreases')),
  boundaries: Int32Array.of(5, 9, 19),
}

function rewardOf(name: string, ids: Int32Array) {
  return rewardFor(name, tokenizer, context, {
    ids,
    oldLogprobs: new Float32Array(ids.length),
    stopReason: 'end-of-text',
  })
}

describe('a reward', () => {
  it('of an unknown name is refused with the nearest one', () => {
    const failure = () => rewardOf('prefix-mach', new Int32Array())
    expect(failure).toThrow(UsageError)
    expect(failure).toThrow('reward.name is prefix-mach; expected one of prefix-match')
    try {
      failure()
    } catch (error) {
      expect((error as UsageError).suggestions).toEqual(['did you mean prefix-match?'])
    }
  })

  it('is not looked up among the properties of objects', () => {
    expect(() => rewardOf('toString', new Int32Array())).toThrow(UsageError)
  })

  it('is given for random ids without failing, 0 or 1 with an explanation of one line', () => {
    const sampler = new Sampler(streamSeed(3, 'reward'))
    const ends = [...tokenizer.encodeMarkup('</think>\\boxed{')]
    for (let round = 0; round < 500; round++) {
      const sampled = Array.from({length: sampler.integer(30)}, () => sampler.integer(1100))
      for (const name of ['prefix-match', 'first-token']) {
        const {total, explanation} = rewardOf(name, Int32Array.from([...sampled, ...ends, ...sampled, 125]))
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
})
