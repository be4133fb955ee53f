import {describe, expect, it} from 'vitest'
import type {DocumentScore} from '../../../src/core/statistics/bootstrap-fit.js'
import {relativeChange} from '../../../src/core/statistics/relative-change.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'

const scores = (name: string, corrects: readonly number[], count = 4): DocumentScore[] =>
  corrects.map((correct, i) => ({docId: `${name}:${i}`, count, correct}))

describe('relativeChange', () => {
  it('is the ratio of the two shares, less one', () => {
    const change = relativeChange(scores('a', [1, 0, 1, 2]), scores('a', [2, 1, 2, 3]))
    expect(change.change).toBeCloseTo(1, 12)
    expect(relativeChange(scores('a', [1, 3]), scores('b', [0, 0, 0])).change).toBe(-1)
    expect(relativeChange(scores('a', [4, 4]), scores('b', [1], 2)).change).toBe(-0.5)
  })

  it('pairs equal documents, whatever their order: what holds in each holds in every resample', () => {
    const [from, to] = [scores('a', [1, 2, 1, 2, 1]), scores('a', [2, 4, 2, 4, 2])]
    const paired = relativeChange(from, to)
    expect(paired.ciLow).toBeCloseTo(1, 12)
    expect(paired.ciHigh).toBeCloseTo(1, 12)
    expect(relativeChange(from.toReversed(), to)).toEqual(paired)
    const apart = relativeChange(from, scores('b', [2, 4, 2, 4, 2]))
    expect(apart.ciLow).toBeLessThan(0.9)
    expect(apart.ciHigh).toBeGreaterThan(1.1)
  })

  it('pairs no documents where one side has more', () => {
    const {ciHigh} = relativeChange(scores('a', [2, 2]), scores('a', [1, 1, 4, 4, 4]))
    expect(ciHigh).toBeGreaterThan(0)
  })

  it('has no change without a first share, and no interval of one document', () => {
    expect(relativeChange(scores('a', [0, 0]), scores('a', [1, 1]))).toMatchObject({change: null, ciLow: Number.NaN})
    expect(relativeChange([], scores('a', [1, 1])).change).toBeNull()
    expect(relativeChange(scores('a', [1, 1]), []).change).toBeNull()
    expect(relativeChange(scores('a', [1]), scores('a', [2]))).toEqual({
      change: 1,
      ciLow: Number.NaN,
      ciHigh: Number.NaN,
    })
  })

  it('has no upper end where the first share may well be 0', () => {
    const change = relativeChange(scores('a', [1, 0, 0, 0]), scores('b', [1, 1, 1, 1]))
    expect(change.change).toBeCloseTo(3, 12)
    expect(change.ciHigh).toBe(Number.POSITIVE_INFINITY)
    expect(change.ciLow).toBeLessThan(1)
  })

  it('covers the true change about as often as it says', {timeout: 60_000}, () => {
    const sampler = new Sampler(streamSeed(5, 'relative-change'))
    const draw = (name: string, chance: number) =>
      scores(
        name,
        Array.from({length: 80}, () => Number(sampler.next() < chance)),
        1,
      )
    let covered = 0
    const trials = 200
    for (let i = 0; i < trials; i++) {
      const {ciLow, ciHigh} = relativeChange(draw('a', 0.3), draw('b', 0.45), {bootstraps: 400, seed: i})
      if (ciLow <= 0.5 && ciHigh >= 0.5) covered++
    }
    // 95% of 200 is 190; four deviations of the count are 12.
    expect(covered).toBeGreaterThanOrEqual(176)
    expect(covered).toBeLessThan(trials)
  })
})
