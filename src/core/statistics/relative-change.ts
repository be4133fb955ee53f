import {streamSeed} from '../util/rng.js'
import type {DocumentScore} from './bootstrap-fit.js'
import type {BootstrapOptions} from './interval.js'
import {percentileInterval, resampleSums} from './resample.js'

/** How much larger one share is than another: 0.5 if it is half as large again, -1 if it is 0. */
export interface RelativeChange {
  /** At least -1. Null if the first share is 0, or if a side has no items. */
  readonly change: number | null
  /**
   * 95% percentile interval. NaN without a change, or with fewer than 2 clusters on a side. The upper end is infinite if the
   * first share may be 0.
   */
  readonly ciLow: number
  readonly ciHigh: number
}

/**
 * The change from one share to another, (after - before) / before, with its 95% percentile bootstrap interval over clusters.
 *
 * If both sides have the same clusters, they share each resample, as in a paired difference. Otherwise each side is resampled
 * by itself. A resample in which the first share is 0 counts as an infinite change.
 *
 * @param from one score per cluster, in any order; `correct` of its `count` items have the property
 * @param to the same for the share that is compared with it
 */
export function relativeChange(
  from: readonly DocumentScore[],
  to: readonly DocumentScore[],
  {bootstraps = 2000, seed = 0}: BootstrapOptions = {},
): RelativeChange {
  const sides = [from, to].map((scores) => scores.toSorted((a, b) => (a.docId < b.docId ? -1 : 1)))
  const [before, after] = sides.map(shareOf)
  const change = before > 0 && !Number.isNaN(after) ? after / before - 1 : null
  if (change === null || sides.some((side) => side.length < 2)) return {change, ciLow: Number.NaN, ciHigh: Number.NaN}
  const columns = sides.map((side) => [
    Float64Array.from(side, ({correct}) => correct),
    Float64Array.from(side, ({count}) => count),
  ])
  const isPaired = sides[0].length === sides[1].length && sides[0].every(({docId}, i) => docId === sides[1][i].docId)
  const draw = (values: readonly Float64Array[], name: string) =>
    resampleSums(values, {bootstraps, stream: streamSeed(seed, 'bootstrap', name)})
  const [hits, counts, otherHits, otherCounts] = isPaired
    ? draw(columns.flat(), 'documents')
    : [...draw(columns[0], 'documents'), ...draw(columns[1], 'other documents')]
  const changes = Float64Array.from(hits, (hit, i) => {
    const share = otherHits[i] / otherCounts[i]
    return hit > 0 ? share / (hit / counts[i]) - 1 : Number.POSITIVE_INFINITY
  })
  const {low, high} = percentileInterval(changes)
  return {change, ciLow: low, ciHigh: Number.isNaN(high) ? Number.POSITIVE_INFINITY : high}
}

function shareOf(scores: readonly DocumentScore[]): number {
  const sum = (read: (score: DocumentScore) => number) => scores.reduce((all, score) => all + read(score), 0)
  return sum(({correct}) => correct) / sum(({count}) => count)
}
