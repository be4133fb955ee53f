import {Sampler, streamSeed} from '../util/rng.js'
import {fitPowerLaw, type NoFit, type PowerLawFit, type ScalingPoint} from './power-law.js'
import {drawRows, type Interval, percentileInterval} from './resample.js'
import {weightsOf} from './weights.js'

/** How many predictions of one document were right at one checkpoint. */
export interface DocumentScore {
  readonly docId: string
  /** Right answers, or the sum of scores between 0 and 1. */
  readonly correct: number
  readonly count: number
}

/** The checkpoints of one run on one split. */
export interface ScalingCurve {
  readonly seed: number
  readonly checkpoints: readonly {readonly compute: number; readonly documents: readonly DocumentScore[]}[]
}

/** 95% intervals of the constants and of R^2. */
export interface FitIntervals {
  readonly A: Interval
  readonly alpha: Interval
  readonly pStar: Interval
  readonly r2: Interval
}

/** A fit and how sure it is. */
export interface BootstrapFit {
  readonly fit: PowerLawFit | NoFit
  /** 95% percentile intervals; null where there is no fit, of the measured points or of resamples, or one document. */
  readonly intervals: FitIntervals | null
  /** Resamples drawn. */
  readonly resamples: number
  /** Those of them that could be fitted: the intervals are of these. */
  readonly fittedResamples: number
}

/** How resamples are drawn. */
export interface BootstrapFitOptions {
  readonly bootstraps?: number
  readonly seed?: number
  /** Also resample the runs themselves; says something from about five seeds on. */
  readonly resampleSeeds?: boolean
}

/** A checkpoint's totals by document, in the order of all document ids. */
interface Tally {
  readonly compute: number
  readonly correct: Float64Array
  readonly count: Float64Array
}

/**
 * Fits Eq. 5 to the checkpoints of one or more runs, with intervals of its constants by bootstrap over documents.
 *
 * Each resample draws documents once and uses them at every checkpoint of every run, because the same held-out documents
 * are graded throughout; what makes a document hard moves the whole curve, not one point. Every (run, checkpoint) is a
 * point of the fit, weighted by its interval over the same resamples; a resample keeps these weights.
 */
export function bootstrapFit(
  curves: readonly ScalingCurve[],
  {bootstraps = 500, seed = 0, resampleSeeds = false}: BootstrapFitOptions = {},
): BootstrapFit {
  const ordered = [...curves].sort((a, b) => a.seed - b.seed)
  const docIds = [
    ...new Set(ordered.flatMap(({checkpoints}) => checkpoints.flatMap(({documents}) => documents.map((d) => d.docId)))),
  ].sort()
  const indexOf = new Map(docIds.map((docId, index) => [docId, index]))
  const tallies = ordered.map(({checkpoints}) => checkpoints.map((checkpoint) => tally(checkpoint, indexOf)))
  const everyDocument = Int32Array.from(docIds, (_, index) => index)
  const resampled = resampledAccuracies(tallies.flat(), docIds.length, bootstraps, seed)
  const weights = weightsOf(resampled.map(percentileInterval))
  const all = tallies.flat().map((one, i) => ({...pointOf(one, everyDocument), weight: weights[i]}))
  const fit = fitPowerLaw(all)
  if (fit.kind !== 'fitted' || docIds.length < 2) return {fit, intervals: null, resamples: 0, fittedResamples: 0}

  const runs = new Sampler(streamSeed(seed, 'bootstrap', 'seeds'))
  const indices = all.map((_, i) => i)
  const byRun = tallies.map((own, run) => {
    const before = tallies.slice(0, run).flat().length
    return indices.slice(before, before + own.length)
  })
  const fits: PowerLawFit[] = []
  for (let resample = 0; resample < bootstraps; resample++) {
    const chosen = resampleSeeds ? byRun.flatMap(() => byRun[runs.integer(byRun.length)]) : indices
    const refit = fitPowerLaw(chosen.map((i) => ({...all[i], accuracy: resampled[i][resample]})))
    if (refit.kind === 'fitted') fits.push(refit)
  }
  const intervals = fits.length > 0 ? intervalsOf(fits) : null
  return {fit, intervals, resamples: bootstraps, fittedResamples: fits.length}
}

/** The accuracy of every checkpoint in every resample of the documents. */
function resampledAccuracies(
  tallies: readonly Tally[],
  documents: number,
  bootstraps: number,
  seed: number,
): Float64Array[] {
  const stream = streamSeed(seed, 'bootstrap', 'documents')
  const drawn = new Int32Array(documents)
  const accuracies = tallies.map(() => new Float64Array(bootstraps))
  for (let resample = 0; resample < bootstraps; resample++) {
    drawRows(drawn, resample, stream)
    for (const [i, one] of tallies.entries()) accuracies[i][resample] = pointOf(one, drawn).accuracy
  }
  return accuracies
}

function intervalsOf(fits: readonly PowerLawFit[]): FitIntervals {
  const of = (name: 'A' | 'alpha' | 'pStar' | 'r2') => percentileInterval(fits.map((fit) => fit[name]))
  return {A: of('A'), alpha: of('alpha'), pStar: of('pStar'), r2: of('r2')}
}

function tally({compute, documents}: ScalingCurve['checkpoints'][number], indexOf: ReadonlyMap<string, number>): Tally {
  const correct = new Float64Array(indexOf.size)
  const count = new Float64Array(indexOf.size)
  for (const document of documents) {
    const index = indexOf.get(document.docId)!
    correct[index] += document.correct
    count[index] += document.count
  }
  return {compute, correct, count}
}

function pointOf({compute, correct, count}: Tally, drawn: Int32Array): ScalingPoint {
  let rightSum = 0
  let countSum = 0
  for (const index of drawn) {
    rightSum += correct[index]
    countSum += count[index]
  }
  return {compute, accuracy: rightSum / countSum}
}
