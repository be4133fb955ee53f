import {DocumentIds} from '../records/document-ids.js'
import type {Difficulty} from '../records/records.js'
import {DocumentTally} from './document-tally.js'
import {type AccuracyInterval, accuracyOfScores, type BootstrapOptions, type GradedPrediction} from './interval.js'
import {passAtK} from './pass-at-k.js'
import {isInSplit, type Split, type SplitRule, splits} from './split.js'

/** A greedy prediction with its split, and how its sampled completions did where there were any. */
export interface EvaluatedPosition extends Omit<GradedPrediction, 'position'> {
  /** The hardest level that the position reaches. */
  readonly difficulty: Difficulty
  readonly samples?: {readonly count: number; readonly correct: number}
}

/** Accuracy on one split with its interval. */
export interface SplitAccuracy extends AccuracyInterval {
  readonly split: Split
  /** k -> mean over positions of the unbiased estimator, in [0, 1]; null where nothing was sampled. */
  readonly passAt: Readonly<Record<number, number>> | null
}

/** How splits are read and intervals drawn. */
export interface AccuracyOptions extends BootstrapOptions {
  readonly rule: SplitRule
  /** Each k of pass@k; none for no such estimate. */
  readonly ks?: readonly number[]
}

/** Accuracy per split with intervals, one row for each of all, easy, medium, hard; an empty split has `count` 0. */
export function accuracyBySplit(positions: Iterable<EvaluatedPosition>, options: AccuracyOptions): SplitAccuracy[] {
  const tally = new AccuracyTally(options)
  for (const position of positions) tally.add(position)
  return tally.bySplit()
}

/** Counts positions one by one: some 60 bytes a document stay, however many positions it has. */
export class AccuracyTally {
  private readonly documents = new DocumentTally(new DocumentIds())
  /** Positions with samples, and the sums of their estimates by k. */
  private readonly sampled: Readonly<Record<Split, {count: number; readonly sums: Float64Array}>>

  constructor(private readonly options: AccuracyOptions) {
    const none = () => ({count: 0, sums: new Float64Array(options.ks?.length ?? 0)})
    this.sampled = {all: none(), easy: none(), medium: none(), hard: none()}
  }

  add({docId, difficulty, correct, samples}: EvaluatedPosition): void {
    const {rule, ks = []} = this.options
    this.documents.add(docId, difficulty, correct)
    if (!samples || samples.count === 0 || ks.length === 0) return
    const estimates = ks.map((k) => passAtK({...samples, k}))
    for (const split of splits) {
      if (!isInSplit(difficulty, split, rule)) continue
      this.sampled[split].count++
      for (const [i, estimate] of estimates.entries()) this.sampled[split].sums[i] += estimate
    }
  }

  /** What `accuracyBySplit` says of the positions so far. */
  bySplit(): SplitAccuracy[] {
    const {rule, ks = [], ...bootstrap} = this.options
    return splits.map((split) => {
      const {count, sums} = this.sampled[split]
      const passAt = count > 0 ? Object.fromEntries(ks.map((k, i) => [k, sums[i] / count])) : null
      return {split, ...accuracyOfScores(this.documents.scoresIn(split, rule), bootstrap), passAt}
    })
  }
}
