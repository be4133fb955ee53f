import {describe, expect, it} from 'vitest'
import {difficulties} from '../../../src/core/records/records.js'
import {AccuracyTally, type EvaluatedItem, type SplitAccuracy} from '../../../src/core/statistics/accuracy.js'
import {type SplitRule, splitsOf} from '../../../src/core/statistics/split.js'

const positions: EvaluatedItem[] = [
  {cluster: 'a', stratum: 'none', correct: true},
  {cluster: 'a', stratum: 'easy', correct: true},
  {cluster: 'a', stratum: 'medium', correct: false, samples: {count: 4, correct: 4}},
  {cluster: 'b', stratum: 'hard', correct: true, samples: {count: 4, correct: 0}},
]

function accuracyBySplit(
  items: readonly EvaluatedItem[],
  {rule, ks}: {readonly rule: SplitRule; readonly ks?: readonly number[]},
): SplitAccuracy[] {
  const tally = new AccuracyTally({strata: difficulties, splits: splitsOf(rule), ks})
  for (const item of items) tally.add(item)
  return tally.bySplit()
}

describe('accuracy by split', () => {
  it('nests the splits as the thresholds read literally, or bins them', () => {
    const counts = (rule: 'nested' | 'disjoint') =>
      accuracyBySplit(positions, {rule}).map(({split, count, correct}) => [split, count, correct])
    expect(counts('nested')).toEqual([
      ['all', 3, 2],
      ['easy', 3, 2],
      ['medium', 2, 1],
      ['hard', 1, 1],
    ])
    expect(counts('disjoint')).toEqual([
      ['all', 3, 2],
      ['easy', 1, 1],
      ['medium', 1, 0],
      ['hard', 1, 1],
    ])
  })

  it('averages pass@k over the sampled positions, for each k, and is null where there are none', () => {
    const rows = accuracyBySplit(positions, {rule: 'disjoint', ks: [1, 2]})
    expect(rows.map(({passAt}) => passAt)).toEqual([{1: 0.5, 2: 0.5}, null, {1: 1, 2: 1}, {1: 0, 2: 0}])
    const half = [{...positions[2], samples: {count: 4, correct: 2}}]
    expect(accuracyBySplit(half, {rule: 'nested', ks: [1, 2, 4]})[0].passAt).toEqual({
      1: 0.5,
      2: expect.closeTo(5 / 6, 12),
      4: 1,
    })
    expect(accuracyBySplit(half, {rule: 'nested'})[0].passAt).toBeNull()
  })

  it('counts the last of however many clusters', () => {
    for (const count of [127, 128, 129, 257]) {
      const items = Array.from({length: count}, (_, i) => ({cluster: `${i}`, stratum: 'none', correct: true}))
      const tally = new AccuracyTally({strata: difficulties, splits: [{name: 'none', strata: ['none']}], bootstraps: 1})
      for (const item of items) tally.add(item)
      expect(tally.bySplit()[0]).toMatchObject({count, correct: count})
    }
  })

  it('keeps a row for an empty split', () => {
    expect(accuracyBySplit([], {rule: 'nested'})).toHaveLength(4)
    expect(accuracyBySplit([], {rule: 'nested'})[0]).toMatchObject({split: 'all', count: 0, accuracy: Number.NaN})
  })
})
