import {clusterOf} from '../records/cluster-of.js'
import {DataError} from '../util/errors.js'
import {groupBy} from '../util/group-by.js'
import {streamSeed} from '../util/rng.js'
import type {DocumentScore} from './bootstrap-fit.js'
import {type Interval, percentileInterval, resampleSums} from './resample.js'

/** One graded prediction: was the token at a position of a document predicted? */
export interface GradedPrediction {
  readonly docId: string
  readonly position: number
  readonly correct: boolean
}

/** How several models did on the same positions, document by document. */
export interface SharedDocuments {
  readonly docIds: readonly string[]
  /** [D]: positions of each document. */
  readonly counts: ArrayLike<number>
  /** Of each model, [D]: positions that it had right. */
  readonly corrects: readonly ArrayLike<number>[]
}

/** How resamples are drawn. */
export interface BootstrapOptions {
  /** Resamples; 2000 settles a 95% interval to about a tenth of its width. */
  readonly bootstraps?: number
  readonly seed?: number
}

/** A share of correct predictions. Empty input: `count` 0 and NaN elsewhere. One document: the interval is NaN. */
export interface AccuracyInterval {
  readonly count: number
  readonly correct: number
  /** In [0, 1]. */
  readonly accuracy: number
  readonly ciLow: number
  readonly ciHigh: number
}

/** Accuracy of a minus accuracy of b on the same positions, in [-1, 1]. Empty input: NaN, neither above nor below. */
export interface PairedDifference {
  readonly count: number
  readonly difference: number
  readonly ciLow: number
  readonly ciHigh: number
  /** The whole interval lies above 0. */
  readonly isAbove: boolean
  /** The whole interval lies below 0. */
  readonly isBelow: boolean
}

/**
 * Accuracy with its 95% percentile bootstrap interval over documents.
 *
 * Positions of one document are correlated, so whole documents are resampled (cluster bootstrap). Like every percentile
 * bootstrap it degenerates to a point where all predictions agree. The order of the items does not matter.
 */
export function accuracyInterval(
  items: readonly Pick<GradedPrediction, 'docId' | 'correct'>[],
  options: BootstrapOptions = {},
): AccuracyInterval {
  return accuracyOfScores(
    items.map(({docId, correct}) => ({docId, count: 1, correct: Number(correct)})),
    options,
  )
}

/** Accuracy as `accuracyInterval` says, from how the predictions of each document did. */
export function accuracyOfScores(
  items: readonly DocumentScore[],
  {bootstraps = 2000, seed = 0}: BootstrapOptions = {},
): AccuracyInterval {
  const documents = groupByDocument(items)
  const counts = totals(documents, ({count}) => count)
  const corrects = totals(documents, ({correct}) => correct)
  const count = counts.reduce((sum, value) => sum + value, 0)
  const correct = corrects.reduce((sum, value) => sum + value, 0)
  const {low, high} = ratioInterval(corrects, counts, {bootstraps, seed})
  return {count, correct, accuracy: correct / count, ciLow: low, ciHigh: high}
}

/**
 * Difference of two accuracies on the same positions, with its 95% percentile bootstrap interval over documents.
 *
 * Both sides share each resample, so what makes a document hard for both cancels.
 *
 * @throws {DataError} when a position is repeated, or is in one of the two sets only
 */
export function pairedDifference(
  a: readonly GradedPrediction[],
  b: readonly GradedPrediction[],
  {bootstraps = 2000, seed = 0}: BootstrapOptions = {},
): PairedDifference {
  const correctOfB = indexByPosition(b)
  const keysOfA = indexByPosition(a)
  const unmatched = [...keysOfA.keys()].find((key) => !correctOfB.has(key))
  if (unmatched !== undefined || keysOfA.size !== correctOfB.size) {
    throw new DataError(
      `paired difference: the two sets of predictions cover ${a.length} and ${b.length} positions` +
        `${unmatched === undefined ? '' : ` and ${unmatched} is only in the first`}; expected the same positions`,
      {suggestions: ['evaluate both with the same --data, --limit and --seed']},
    )
  }
  return pairedDifferences(
    {
      docIds: a.map(({docId}) => docId),
      counts: a.map(() => 1),
      corrects: [a.map(({correct}) => Number(correct)), a.map((item) => Number(correctOfB.get(positionKey(item))))],
    },
    {bootstraps, seed},
  )(0, 1)
}

/**
 * The paired differences of several models, as `pairedDifference` says for two of them: documents are drawn once for all.
 *
 * Sums of counts are exact, so it makes no difference to any number how many models share the resamples.
 *
 * @returns accuracy of the model of the first index minus that of the second
 */
export function pairedDifferences(
  {docIds, counts, corrects}: SharedDocuments,
  {bootstraps = 2000, seed = 0}: BootstrapOptions = {},
): (a: number, b: number) => PairedDifference {
  const places = clustersOf(docIds, counts)
  const columns = [counts, ...corrects].map((column) => totalsAt(places, column))
  const [count, ...rights] = columns.map((column) => column.reduce((sum, value) => sum + value, 0))
  const stream = streamSeed(seed, 'bootstrap', 'documents')
  const isResampled = columns[0].length >= 2
  const [countSums, ...rightSums] = isResampled ? resampleSums(columns, {bootstraps, stream}) : []
  return (a, b) => {
    const shares = countSums?.map((sum, resample) => (rightSums[a][resample] - rightSums[b][resample]) / sum)
    const {low, high} = percentileInterval(shares ?? [])
    const difference = (rights[a] - rights[b]) / count
    return {count, difference, ciLow: low, ciHigh: high, isAbove: low > 0, isBelow: high < 0}
  }
}

/** For each document the place of its cluster among those that have positions, in the order of their ids; -1 without any. */
function clustersOf(docIds: readonly string[], counts: ArrayLike<number>): Int32Array {
  const clusters = docIds.map(clusterOf)
  const used = [...new Set(clusters.filter((_, i) => counts[i] > 0))].sort()
  const placeOf = new Map(used.map((cluster, place) => [cluster, place]))
  return Int32Array.from(clusters, (cluster, i) => (counts[i] > 0 ? placeOf.get(cluster)! : -1))
}

function totalsAt(places: Int32Array, column: ArrayLike<number>): Float64Array {
  const totals = new Float64Array(places.reduce((most, place) => Math.max(most, place + 1), 0))
  for (let i = 0; i < places.length; i++) if (places[i] >= 0) totals[places[i]] += column[i]
  return totals
}

function ratioInterval(
  numerators: Float64Array,
  denominators: Float64Array,
  {bootstraps, seed}: Required<BootstrapOptions>,
): Interval {
  if (numerators.length < 2) return {low: Number.NaN, high: Number.NaN}
  const stream = streamSeed(seed, 'bootstrap', 'documents')
  const [top, bottom] = resampleSums([numerators, denominators], {bootstraps, stream})
  return percentileInterval(top.map((sum, resample) => sum / bottom[resample]))
}

/** Items of each document, its windows together, documents in the order of their ids. */
function groupByDocument<T extends {readonly docId: string}>(items: readonly T[]): T[][] {
  const groups = groupBy(items, ({docId}) => clusterOf(docId))
  return [...groups.keys()].sort().map((docId) => groups.get(docId)!)
}

/** A sum over the items of each document. */
function totals<T>(documents: readonly (readonly T[])[], read: (item: T) => number): Float64Array {
  return Float64Array.from(documents, (items) => items.reduce((sum, item) => sum + read(item), 0))
}

function positionKey({docId, position}: GradedPrediction): string {
  return `document ${docId} position ${position}`
}

function indexByPosition(items: readonly GradedPrediction[]): Map<string, boolean> {
  const index = new Map(items.map((item) => [positionKey(item), item.correct]))
  if (index.size === items.length) return index
  const seen = new Set<string>()
  const repeated = items.map(positionKey).find((key) => seen.size === seen.add(key).size)
  throw new DataError(`paired difference: ${repeated} appears more than once; expected one prediction per position`, {
    suggestions: ['keep only one mode and one sample of each position'],
  })
}
