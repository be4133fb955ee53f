import {join} from 'node:path'
import {computeSpent} from '../src/core/runs/compute-spent.js'
import {stepName} from '../src/core/runs/run-checkpoints.js'
import {pairedDifference} from '../src/core/statistics/interval.js'
import {isInSplit} from '../src/core/statistics/split.js'
import {evalTable, metricsTable, predictionsTable, readTable} from '../src/core/tables/index.js'

/** What the tables of experiments are made of: accuracies and paired differences of an evaluation, and compute. */

/** The splits of a table's columns. */
export const splits = ['easy', 'medium', 'hard'] as const

/** A split of a table's columns. */
export type SplitName = (typeof splits)[number]

/** One mode of one checkpoint that was evaluated. */
export interface Evaluated {
  readonly run: string
  readonly step: number
  readonly mode: string
}

/** The row of `eval.arrow` in the folder of an evaluation; undefined where there is none. */
export function evalRow(folder: string, {run, step, mode}: Evaluated, split: string) {
  return readTable(join(folder, 'eval.arrow'), evalTable).find(
    (row) => row.run === run && row.step === step && row.mode === mode && row.split === split,
  )
}

/** Paired difference of two on the same positions, a share with its 95% bootstrap interval over documents. */
export function pairedPoints(folder: string, one: Evaluated, other: Evaluated, split: SplitName, seed = 0) {
  const graded = ({run, step, mode}: Evaluated) =>
    readTable(join(folder, 'eval', `${run}-${stepName(step)}.arrow`), predictionsTable)
      .filter((row) => row.mode === mode && row.sample === 0 && isInSplit(row.split, split, 'nested'))
      .map((row) => ({docId: row.doc_id, position: row.position, correct: row.correct}))
  const [ours, theirs] = [graded(one), graded(other)]
  return {...pairedDifference(ours, theirs, {bootstraps: 2000, seed}), count: ours.length}
}

/** The same in points, as text. */
export function difference(folder: string, one: Evaluated, other: Evaluated, split: SplitName, seed = 0): string {
  const paired = pairedPoints(folder, one, other, split, seed)
  return `${signed(paired.difference)} [${signed(paired.ciLow)}, ${signed(paired.ciHigh)}]`
}

function signed(value: number): string {
  return `${value < 0 ? '' : '+'}${(100 * value).toFixed(1)}`
}

/** FLOPs of all steps of a run. Throws {Error} where rows of some are lost. */
export function flopsOf(run: string): number {
  const history = readTable(join(run, 'metrics.arrow'), metricsTable)
  const spent = computeSpent(history, history.at(-1)?.step ?? 0)
  if (spent === null) throw new Error(`${run}: metrics.arrow lacks steps`)
  return spent.flops
}
