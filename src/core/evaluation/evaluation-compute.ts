import {type ComputeSpent, withTotal} from '../runs/compute-spent.js'
import type {EvalRow} from '../tables/index.js'
import {groupBy} from '../util/group-by.js'
import {sumOf} from '../util/means.js'

/** A row of a table of accuracies, with what its mode took. */
export type CountedRow = Pick<EvalRow, 'run' | 'step' | 'mode' | ModeColumn>
type ModeColumn = (typeof modeColumns)[number]
const modeColumns = ['mode_flops_generation', 'mode_flops_scoring', 'mode_tokens', 'mode_seconds'] as const

/** What the mode of a row took, as the columns of a table. */
export function modeColumnsOf(row: Pick<EvalRow, ModeColumn>): Pick<EvalRow, ModeColumn> {
  const {mode_flops_generation, mode_flops_scoring, mode_tokens, mode_seconds} = row
  return {mode_flops_generation, mode_flops_scoring, mode_tokens, mode_seconds}
}

/**
 * What the predictions behind rows of `eval.arrow` or `sweep.arrow` took; null where an older version, which did not count,
 * made some of them.
 */
export function evaluationCompute(rows: readonly CountedRow[]): ComputeSpent | null {
  const modes = groupBy(rows, ({run, step, mode}) => JSON.stringify([run, step, mode]))
  const counted = Array.from(modes.values(), ([row]) => row)
  if (counted.some((row) => row.mode_tokens === null)) return null
  const total = (name: ModeColumn) => sumOf(counted.map((row) => row[name]!))
  return withTotal({
    flops_generation: total('mode_flops_generation'),
    flops_scoring: total('mode_flops_scoring'),
    flops_update: 0,
    tokens: total('mode_tokens'),
    step_seconds: total('mode_seconds'),
  })
}
