import {describe, expect, it} from 'vitest'
import type {SplitRule} from '../../../src/core/config/names.js'
import {difficulties} from '../../../src/core/records/records.js'
import {AccuracyTally, type EvaluatedItem, type SplitAccuracy} from '../../../src/core/statistics/accuracy.js'
import {splitsOf} from '../../../src/core/statistics/split.js'

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
    const counts = (rule: SplitRule) =>
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
    const means = ({passAt}: SplitAccuracy) =>
      passAt && Object.fromEntries(Object.entries(passAt).map(([k, {accuracy}]) => [k, accuracy]))
    expect(rows.map(means)).toEqual([{1: 0.5, 2: 0.5}, null, {1: 1, 2: 1}, {1: 0, 2: 0}])
    const half = [{...positions[2], samples: {count: 4, correct: 2}}]
    expect(means(accuracyBySplit(half, {rule: 'nested', ks: [1, 2, 4]})[0])).toEqual({
      1: 0.5,
      2: expect.closeTo(5 / 6, 12),
      4: 1,
    })
    expect(accuracyBySplit(half, {rule: 'nested'})[0].passAt).toBeNull()
  })

  it('gives pass@k the interval of an accuracy: clusters are drawn, whole', () => {
    const draw = (correctOf: (i: number) => number) =>
      Array.from({length: 40}, (_, i) => {
        const correct = correctOf(i)
        return {cluster: `${i % 20}`, stratum: 'hard', correct: correct > 1, samples: {count: 4, correct}}
      })
    // Where samples are all right or all wrong, every pass@k is the accuracy.
    const [{passAt, accuracy, ciLow, ciHigh}] = accuracyBySplit(
      draw((i) => (i % 4 === 0 ? 0 : 4)),
      {rule: 'disjoint', ks: [1, 4]},
    )
    expect(passAt![1]).toMatchObject({accuracy, ciLow, ciHigh})
    expect(passAt![4]).toMatchObject({accuracy, ciLow, ciHigh})
    expect(ciLow).toBeLessThan(accuracy - 0.1)
    const [{passAt: halves}] = accuracyBySplit(
      draw((i) => (i % 2 === 0 ? 1 : 3)),
      {rule: 'disjoint', ks: [1, 4]},
    )
    expect(halves![1].accuracy).toBeCloseTo(0.5, 12)
    expect(halves![4]).toMatchObject({accuracy: 1, ciLow: 1, ciHigh: 1})
    const [{passAt: alone}] = accuracyBySplit([positions[2]], {rule: 'disjoint', ks: [1]})
    expect(alone![1]).toMatchObject({accuracy: 1, ciLow: Number.NaN, ciHigh: Number.NaN})
  })

  it('counts the last of however many clusters', () => {
    for (const count of [127, 128, 129, 257]) {
      const items = Array.from({length: count}, (_, i) => ({cluster: `${i}`, stratum: 'none', correct: true}))
      const tally = new AccuracyTally({strata: difficulties, splits: [{name: 'none', strata: ['none']}], bootstraps: 1})
      for (const item of items) tally.add(item)
      expect(tally.bySplit()[0]).toMatchObject({count, correct: count})
    }
  })

  it('counts the last of them with any number of strata, also where it has items of the first alone', () => {
    for (const strata of [
      ['a', 'b', 'c'],
      ['a', 'b', 'c', 'd', 'e'],
    ])
      for (let count = 1; count <= 250; count++) {
        const tally = new AccuracyTally({strata, splits: [{name: 'all', strata}], bootstraps: 1})
        for (let i = 0; i < count; i++) tally.add({cluster: `${i}`, stratum: 'a', correct: true})
        expect(tally.bySplit()[0]).toMatchObject({count, correct: count})
      }
  })

  it('has the interval of its own clusters, whatever others there are', () => {
    const hard = Array.from({length: 9}, (_, i) => ({cluster: `h${i}`, stratum: 'hard', correct: i % 3 === 0}))
    const others = hard.map((item, i) => ({...item, cluster: `${i % 2 === 0 ? 'a' : 'z'}${i}`, stratum: 'easy'}))
    const alone = accuracyBySplit(hard, {rule: 'disjoint'}).at(-1)
    expect(accuracyBySplit([...others, ...hard], {rule: 'disjoint'}).at(-1)).toEqual(alone)
  })

  it('has no pass@k of items without samples, and refuses items of no known stratum', () => {
    const none = {...positions[1], samples: {count: 0, correct: 0}}
    expect(accuracyBySplit([none], {rule: 'nested', ks: [1]})[0]).toMatchObject({count: 1, passAt: null})
    expect(() => accuracyBySplit([{...none, stratum: 'harder'}], {rule: 'nested'})).toThrow(/a is in harder; expected/)
  })

  it('keeps a row for an empty split', () => {
    expect(accuracyBySplit([], {rule: 'nested'})).toHaveLength(4)
    expect(accuracyBySplit([], {rule: 'nested'})[0]).toMatchObject({split: 'all', count: 0, accuracy: Number.NaN})
  })
})
