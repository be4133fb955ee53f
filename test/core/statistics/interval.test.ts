import {describe, expect, it} from 'vitest'
import {
  accuracyInterval,
  type GradedPrediction,
  pairedDifference,
  pairedDifferences,
} from '../../../src/core/statistics/interval.js'
import {DataError} from '../../../src/core/util/errors.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'

/** Predictions whose documents differ in difficulty: correct with chance `truth` on average, `spread` around it. */
function simulate(seed: number, {documents = 60, positions = 8, truth = 0.4, spread = 0.3} = {}): GradedPrediction[] {
  const sampler = new Sampler(streamSeed(seed, 'simulate'))
  return Array.from({length: documents}, (_, document) => {
    const chance = truth + spread * (2 * sampler.next() - 1)
    return Array.from({length: positions}, (_, position) => ({
      docId: `d:${document}`,
      position,
      correct: sampler.next() < chance,
    }))
  }).flat()
}

describe('accuracyInterval', () => {
  it('covers the true accuracy about 95% of the time, although positions of a document are correlated', () => {
    const trials = 300
    let covered = 0
    let coveredIfIndependent = 0
    for (let trial = 0; trial < trials; trial++) {
      const items = simulate(trial)
      const {ciLow, ciHigh} = accuracyInterval(items, {bootstraps: 200, seed: trial})
      if (ciLow <= 0.4 && 0.4 <= ciHigh) covered++
      const alone = items.map((item) => ({...item, docId: `${item.docId}/${item.position}`}))
      const naive = accuracyInterval(alone, {bootstraps: 100, seed: trial})
      if (naive.ciLow <= 0.4 && 0.4 <= naive.ciHigh) coveredIfIndependent++
    }
    expect(covered / trials).toBeGreaterThan(0.915)
    expect(covered / trials).toBeLessThan(0.975)
    expect(coveredIfIndependent).toBeLessThan(covered)
  })

  it('does not depend on the order of the items, and repeats exactly for a seed', () => {
    const items = simulate(1)
    const shuffled = new Sampler(streamSeed(2, 'order')).shuffle(items)
    expect(accuracyInterval(shuffled, {seed: 5})).toEqual(accuracyInterval(items, {seed: 5}))
    const few = (seed: number) => accuracyInterval(items, {seed, bootstraps: 30})
    expect(few(6)).not.toEqual(few(5))
  })

  it('says that nothing is known of nothing, and nothing about spread from one document', () => {
    const unknown = {accuracy: Number.NaN, ciLow: Number.NaN, ciHigh: Number.NaN}
    expect(accuracyInterval([])).toEqual({count: 0, correct: 0, ...unknown})
    const one = accuracyInterval([{docId: 'a', correct: true}])
    expect(one).toEqual({...unknown, count: 1, correct: 1, accuracy: 1})
  })

  it('resamples documents whole, however many windows they were cut into', () => {
    const items = simulate(3)
    const windowed = items.map((item) => ({...item, docId: `${item.docId}#${1 + (item.position % 3)}`}))
    expect(accuracyInterval(windowed)).toEqual(accuracyInterval(items))
    const b = items.map((item, i) => ({...item, correct: i % 2 === 0}))
    const windowedB = b.map((item, i) => ({...item, docId: windowed[i].docId}))
    expect(pairedDifference(windowed, windowedB)).toEqual(pairedDifference(items, b))
  })

  it('weighs documents by their positions', () => {
    const items = [
      {docId: 'a', correct: true},
      {docId: 'b', correct: false},
      {docId: 'b', correct: false},
      {docId: 'b', correct: true},
    ]
    expect(accuracyInterval(items)).toMatchObject({count: 4, correct: 2, accuracy: 0.5, ciLow: 1 / 3, ciHigh: 1})
  })
})

describe('pairedDifference', () => {
  it('finds a small gain that two separate intervals cannot tell apart', () => {
    const base = simulate(4, {documents: 100})
    const sampler = new Sampler(streamSeed(4, 'gain'))
    const better = base.map((item) => ({...item, correct: item.correct || sampler.next() < 0.05}))
    const [a, b] = [accuracyInterval(better), accuracyInterval(base)]
    expect(a.ciLow).toBeLessThan(b.ciHigh)
    const gain = pairedDifference(better, base)
    expect(gain.isAbove).toBe(true)
    expect(gain.isBelow).toBe(false)
    expect(gain.difference).toBeCloseTo(a.accuracy - b.accuracy, 12)
    const loss = pairedDifference(base, better)
    expect(loss).toMatchObject({difference: -gain.difference, isAbove: false, isBelow: true})
  })

  it('claims a difference between equals in about 5% of trials', () => {
    const trials = 300
    let claimed = 0
    for (let trial = 0; trial < trials; trial++) {
      const [a, b] = [simulate(trial, {spread: 0}), simulate(trial + 10_000, {spread: 0})]
      const {isAbove, isBelow} = pairedDifference(a, b, {bootstraps: 300, seed: trial})
      if (isAbove || isBelow) claimed++
    }
    expect(claimed / trials).toBeGreaterThan(0.02)
    expect(claimed / trials).toBeLessThan(0.085)
  })

  it('pairs by document and position, not by order', () => {
    const [a, b] = [simulate(7), simulate(8)]
    expect(pairedDifference([...a].reverse(), b)).toEqual(pairedDifference(a, b))
  })

  it('refuses sets that do not cover the same positions', () => {
    const items = simulate(9)
    const moved = [...items.slice(1), {docId: 'other', position: 0, correct: true}]
    expect(() => pairedDifference(items, items.slice(1))).toThrow(DataError)
    expect(() => pairedDifference(items.slice(1), items)).toThrow(/479 and 480 positions/)
    expect(() => pairedDifference(items, moved)).toThrow(/document d:0 position 0/)
    expect(() => pairedDifference([...items, items[3]], items)).toThrow(/d:0 position 3 appears more than once/)
  })

  it('does not depend on documents that have none of the positions', () => {
    const corrects = [
      [4, 1, 3, 2, 4],
      [1, 1, 2, 0, 3],
    ]
    const shared = {docIds: ['b', 'd', 'f', 'h', 'j'], counts: [4, 4, 4, 4, 4], corrects}
    const alone = pairedDifferences(shared)(0, 1)
    const others = {
      docIds: ['a', 'c', ...shared.docIds, 'z'],
      counts: [0, 0, ...shared.counts, 0],
      corrects: corrects.map((own) => [0, 0, ...own, 0]),
    }
    expect(pairedDifferences(others)(0, 1)).toEqual(alone)
    expect(alone.ciLow).toBeLessThan(alone.difference)
  })

  it('is neither above nor below where its interval holds 0, at its end too', () => {
    const items = simulate(11, {documents: 20})
    expect(pairedDifference(items, items)).toMatchObject({ciLow: 0, ciHigh: 0, isAbove: false, isBelow: false})
    const mixed = pairedDifference(items, simulate(12, {documents: 20}))
    expect(mixed.ciLow * mixed.ciHigh).toBeLessThan(0)
    expect(mixed).toMatchObject({isAbove: false, isBelow: false})
  })

  it('weighs documents by their positions, in each resample by its own', () => {
    const at = (docId: string, position: number, correct: boolean) => ({docId, position, correct})
    const a = [at('a', 0, true), ...[0, 1, 2].map((position) => at('b', position, false))]
    const b = a.map((item) => ({...item, correct: false}))
    expect(pairedDifference(a, b)).toMatchObject({difference: 1 / 4, ciLow: 0, ciHigh: 1})
  })

  it('draws as its seed says', () => {
    const few = (seed: number) => pairedDifference(simulate(1), simulate(2), {seed, bootstraps: 30})
    expect(few(6)).not.toEqual(few(5))
    expect(few(6)).toEqual(few(6))
  })

  it('is neither above nor below on one document, which says nothing about spread', () => {
    const [right, wrong] = [true, false].map((correct) => [{docId: 'a', position: 0, correct}])
    expect(pairedDifference(right, wrong)).toEqual({
      ...{count: 1, difference: 1, ciLow: Number.NaN, ciHigh: Number.NaN},
      ...{isAbove: false, isBelow: false},
    })
  })

  it('is neither above nor below on nothing', () => {
    expect(pairedDifference([], [])).toMatchObject({count: 0, isAbove: false, isBelow: false})
  })
})
