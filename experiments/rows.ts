import type {ResultRow} from './result-table.js'
import {type Evaluated, evalRow, pairedPoints, splits} from './results.js'

/** Rows of result.arrow from the folder of an evaluation. */

/** A line of a table: what it is called, and what was evaluated. */
export interface Line {
  readonly title: string
  readonly evaluated: Evaluated
  /** The paper's numbers beside it, by split, as shares. */
  readonly paper?: Readonly<Partial<Record<string, number>>>
}

/** What rows of one seed and measure have in common. */
export interface Measure {
  readonly metric: string
  readonly seed: number
}

/** Accuracy of every line on every split. */
export function accuracyRows(
  folder: string,
  lines: readonly Line[],
  seed: number,
  {metric = 'accuracy', ofSplits = splits as readonly string[]} = {},
): ResultRow[] {
  return lines.flatMap(({title, evaluated, paper}) =>
    ofSplits.map((split): ResultRow => {
      const value = accuracyOf(folder, evaluated, split)
      return {row: title, metric, split, ...value, paper: paper?.[split] ?? null, seed}
    }),
  )
}

/** Whether a line thinks before it predicts. */
export function isReasoning({evaluated}: Line): boolean {
  return evaluated.mode === 'reasoning'
}

/** The paired difference of one line and each of the others, split by split. */
export function differenceRows(
  folder: string,
  subject: Evaluated,
  others: readonly Line[],
  {metric, seed}: Measure,
): ResultRow[] {
  return others.flatMap(({title, evaluated}) =>
    splits.map((split): ResultRow => {
      const {difference, ciLow, ciHigh, count} = pairedPoints(folder, subject, evaluated, split)
      return {row: title, metric, split, value: difference, ci_low: ciLow, ci_high: ciHigh, count, paper: null, seed}
    }),
  )
}

/** One number without an interval. */
export function numberRow(row: string, {metric, seed}: Measure, value: number, split = 'all'): ResultRow {
  return {row, metric, split, value, ci_low: null, ci_high: null, count: 0, paper: null, seed}
}

/** Accuracy of one line on one split, with its interval. */
export function accuracyOf(folder: string, evaluated: Evaluated, split: string) {
  const {accuracy, ci_low, ci_high, count} = neededRow(folder, evaluated, split)
  return {value: accuracy, ci_low, ci_high, count}
}

/** The row of eval.arrow of a line and split, which must be there. */
export function neededRow(folder: string, evaluated: Evaluated, split: string) {
  const row = evalRow(folder, evaluated, split)
  if (row) return row
  const {mode, run, step} = evaluated
  throw new Error(`${folder} has no ${mode} row of ${run}, step ${step}, split ${split}`)
}
