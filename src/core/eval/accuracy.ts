import type {Difficulty} from '../records/records.js'
import {
  type AccuracyInterval,
  accuracyInterval,
  type BootstrapOptions,
  type GradedPrediction,
} from '../scaling/interval.js'
import {isInSplit, type Split, type SplitRule, splits} from '../scaling/split.js'
import {passAtK} from './pass-at-k.js'

/** A greedy prediction with its split, and how its K sampled completions did where there were any. */
export interface EvaluatedPosition extends GradedPrediction {
  /** The hardest level that the position reaches. */
  readonly difficulty: Difficulty
  readonly samples?: {readonly count: number; readonly correct: number}
}

/** Accuracy on one split with its interval. */
export interface SplitAccuracy extends AccuracyInterval {
  readonly split: Split
  /** Mean over positions of the unbiased estimator, in [0, 1]; null where nothing was sampled. */
  readonly passAtK: number | null
}

/** How splits are read and intervals drawn. */
export interface AccuracyOptions extends BootstrapOptions {
  readonly rule: SplitRule
  /** The k of pass@k; the number of samples of each position when absent. */
  readonly k?: number
}

/** Accuracy per split with intervals, one row for each of all, easy, medium, hard; an empty split has `count` 0. */
export function accuracyBySplit(
  positions: readonly EvaluatedPosition[],
  {rule, k, ...bootstrap}: AccuracyOptions,
): SplitAccuracy[] {
  return splits.map((split) => {
    const members = positions.filter(({difficulty}) => isInSplit(difficulty, split, rule))
    return {split, ...accuracyInterval(members, bootstrap), passAtK: meanPassAtK(members, k)}
  })
}

function meanPassAtK(positions: readonly EvaluatedPosition[], k: number | undefined): number | null {
  const estimates = positions.flatMap(({samples}) =>
    samples && samples.count > 0 ? [passAtK({...samples, k: k ?? samples.count})] : [],
  )
  if (estimates.length === 0) return null
  return estimates.reduce((sum, value) => sum + value, 0) / estimates.length
}
