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
  /** k -> mean over items of the unbiased estimator, in [0, 1]; null where nothing was sampled. */
  readonly passAt: Readonly<Record<number, number>> | null
}

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
  /** Items with samples, and the sums of their estimates by k. */
  private readonly sampled: ReadonlyMap<SplitOfStrata, {count: number; readonly sums: Float64Array}>

  constructor(private readonly options: AccuracyOptions) {
    const {strata, splits, ks = []} = options
    this.clusters = new DocumentTally(new DocumentIds(), strata)
    this.sampled = new Map(splits.map((split) => [split, {count: 0, sums: new Float64Array(ks.length)}]))
  }

  add({cluster, stratum, correct, samples}: EvaluatedItem): void {
    const {ks = []} = this.options
    this.clusters.add(cluster, stratum, correct)
    if (!samples || samples.count === 0 || ks.length === 0) return
    const estimates = ks.map((k) => passAtK({...samples, k}))
    for (const [split, sampled] of this.sampled) {
      if (!split.strata.includes(stratum)) continue
      sampled.count++
      for (const [i, estimate] of estimates.entries()) sampled.sums[i] += estimate
    }
  }

  /** One row a split; an empty split has `count` 0. */
  bySplit(): SplitAccuracy[] {
    const {ks = [], splits, strata: _, ...bootstrap} = this.options
    return splits.map((split) => {
      const {count, sums} = this.sampled.get(split)!
      const passAt = count > 0 ? Object.fromEntries(ks.map((k, i) => [k, sums[i] / count])) : null
      return {split: split.name, ...accuracyOfScores(this.clusters.scoresIn(split.strata), bootstrap), passAt}
    })
  }
}
