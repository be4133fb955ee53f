import {DocumentIds} from '../records/document-ids.js'
import {DocumentTally} from './document-tally.js'
import {type AccuracyInterval, accuracyOfScores, type BootstrapOptions} from './interval.js'
import {passAtK} from './pass-at-k.js'
import type {SplitOfStrata} from './split.js'

/** How one item was answered: greedily, and by samples where there were any. */
export interface EvaluatedItem {
  /** What a bootstrap resamples as a whole. */
  readonly cluster: string
  readonly stratum: string
  readonly correct: boolean
  readonly samples?: {readonly count: number; readonly correct: number}
}

/** Accuracy on one split with its interval. */
export interface SplitAccuracy extends AccuracyInterval {
  readonly split: string
  /** k -> mean over items of the unbiased estimator, with its interval; null where nothing was sampled. */
  readonly passAt: Readonly<Record<number, Estimate>> | null
}

/** A mean in [0, 1] with its interval over clusters, which is NaN where there is one. */
export type Estimate = Pick<AccuracyInterval, 'accuracy' | 'ciLow' | 'ciHigh'>

/** Which splits there are and how intervals are drawn. */
export interface AccuracyOptions extends BootstrapOptions {
  readonly strata: readonly string[]
  readonly splits: readonly SplitOfStrata[]
  /** Each k of pass@k; none for no such estimate. */
  readonly ks?: readonly number[]
}

/** Accuracy per split with intervals, of items counted one by one: little of a cluster stays, however many items it has. */
export class AccuracyTally {
  private readonly clusters: DocumentTally
  /** By k, the estimates of items with samples. */
  private readonly sampled: ReadonlyMap<number, DocumentTally>

  constructor(private readonly options: AccuracyOptions) {
    const {strata, ks = []} = options
    const ids = new DocumentIds()
    this.clusters = new DocumentTally(ids, strata)
    this.sampled = new Map(ks.map((k) => [k, new DocumentTally(ids, strata)]))
  }

  add({cluster, stratum, correct, samples}: EvaluatedItem): void {
    this.clusters.add(cluster, stratum, correct)
    if (!samples || samples.count === 0) return
    for (const [k, tally] of this.sampled) tally.add(cluster, stratum, passAtK({...samples, k}))
  }

  /** One row a split; an empty split has `count` 0. */
  bySplit(): SplitAccuracy[] {
    const {ks: _, splits, strata: __, ...bootstrap} = this.options
    return splits.map(({name, strata}) => {
      const of = (tally: DocumentTally) => accuracyOfScores(tally.scoresIn(strata), bootstrap)
      const estimates = [...this.sampled].map(([k, tally]) => [k, of(tally)] as const)
      const passAt = estimates.some(([, {count}]) => count > 0) ? Object.fromEntries(estimates) : null
      return {split: name, ...of(this.clusters), passAt}
    })
  }
}
