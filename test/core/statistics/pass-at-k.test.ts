import {describe, expect, it} from 'vitest'
import {passAtK} from '../../../src/core/statistics/pass-at-k.js'
import {UsageError} from '../../../src/core/util/errors.js'

describe('passAtK', () => {
  it('equals the share of k-subsets that hold a right completion', () => {
    for (const [count, correct, k] of [
      [5, 2, 3],
      [6, 1, 2],
      [7, 0, 4],
      [4, 4, 1],
      [8, 6, 5],
    ]) {
      let subsets = 0
      let winning = 0
      for (let mask = 0; mask < 2 ** count; mask++) {
        const members = Array.from({length: count}, (_, i) => i).filter((i) => mask & (1 << i))
        if (members.length !== k) continue
        subsets++
        if (members.some((member) => member < correct)) winning++
      }
      expect(passAtK({count, correct, k})).toBeCloseTo(winning / subsets, 12)
    }
  })

  it('stays finite and exact where the binomials overflow', () => {
    expect(passAtK({count: 10_000, correct: 0, k: 5000})).toBe(0)
    expect(passAtK({count: 10_000, correct: 1, k: 5000})).toBeCloseTo(0.5, 9)
    expect(passAtK({count: 10_000, correct: 5001, k: 5000})).toBe(1)
  })

  it('refuses a k above the number of samples', () => {
    expect(() => passAtK({count: 8, correct: 1, k: 9})).toThrow(UsageError)
    expect(() => passAtK({count: 8, correct: 1, k: 0})).toThrow(/k = 0/)
    expect(() => passAtK({count: 8, correct: 9, k: 1})).toThrow(UsageError)
  })
})
