import type {Difficulty} from '../records/records.js'
import {
  type AccuracyInterval,
  accuracyInterval,
  type BootstrapOptions,
  type GradedPrediction,
} from '../scaling/interval.js'
import {isInSplit, type Split, type SplitRule, splits} from '../scaling/split.js'
import {passAtK} from './pass-at-k.js'

/** A greedy prediction with its split, and how its sampled completions did where there were any. */
export interface EvaluatedPosition extends GradedPrediction {
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
export function accuracyBySplit(
  positions: readonly EvaluatedPosition[],
  {rule, ks = [], ...bootstrap}: AccuracyOptions,
): SplitAccuracy[] {
  return splits.map((split) => {
    const members = positions.filter(({difficulty}) => isInSplit(difficulty, split, rule))
    return {split, ...accuracyInterval(members, bootstrap), passAt: meanPassAt(members, ks)}
  })
}

function meanPassAt(positions: readonly EvaluatedPosition[], ks: readonly number[]): SplitAccuracy['passAt'] {
  const sampled = positions.flatMap(({samples}) => (samples && samples.count > 0 ? [samples] : []))
  if (sampled.length === 0 || ks.length === 0) return null
  const meanAt = (k: number) => sampled.reduce((sum, samples) => sum + passAtK({...samples, k}), 0) / sampled.length
  return Object.fromEntries(ks.map((k) => [k, meanAt(k)]))
}
