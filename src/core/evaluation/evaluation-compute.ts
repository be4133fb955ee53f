import {type ComputeSpent, withTotal} from '../runs/compute-spent.js'
import {stepName} from '../runs/run-checkpoints.js'
import type {EvalRow} from '../tables/index.js'
import {groupBy} from '../util/group-by.js'
import {sumOf} from '../util/means.js'
import type {Progress} from '../util/progress.js'

/** A row of a table of accuracies, with what its mode took. */
export type CountedRow = Pick<EvalRow, 'run' | 'step' | 'mode' | ModeColumn>
type ModeColumn = (typeof modeColumns)[number]
const modeColumns = ['mode_flops_generation', 'mode_flops_scoring', 'mode_tokens', 'mode_seconds'] as const

/** What the mode of a row took, as the columns of a table. */
export function modeColumnsOf(row: Pick<EvalRow, ModeColumn>): Pick<EvalRow, ModeColumn> {
  const {mode_flops_generation, mode_flops_scoring, mode_tokens, mode_seconds} = row
  return {mode_flops_generation, mode_flops_scoring, mode_tokens, mode_seconds}
}

/** Where a sum is shown, and what it is the sum of. */
interface Sum {
  readonly command: string
  readonly field: string
  readonly file: string
}

/**
 * What the predictions behind rows of `eval.arrow` or `sweep.arrow` took; null where an older version, which did not count,
 * made some of them: that is said once.
 */
export function evaluationCompute(
  rows: readonly CountedRow[],
  sum: Sum,
  {warn}: Pick<Progress, 'warn'>,
): ComputeSpent | null {
  const modes = groupBy(rows, ({run, step, mode}) => JSON.stringify([run, step, mode]))
  const counted = Array.from(modes.values(), ([row]) => row)
  const uncounted = counted.filter((row) => row.mode_tokens === null)
  if (uncounted.length > 0) {
    warn(uncountedLine(uncounted, counted.length, sum))
    return null
  }
  const total = (name: ModeColumn) => sumOf(counted.map((row) => row[name]!))
  return withTotal({
    flops_generation: total('mode_flops_generation'),
    flops_scoring: total('mode_flops_scoring'),
    flops_update: 0,
    tokens: total('mode_tokens'),
    step_seconds: total('mode_seconds'),
  })
}

function uncountedLine(uncounted: readonly CountedRow[], of: number, {command, field, file}: Sum): string {
  const [{run, step, mode}] = uncounted
  return (
    `${command}: ${field} is null in summary.json: an older version of rpt, which did not count it, made ${uncounted.length} of ${of} ` +
    `parts of ${file}; the first is ${run} ${stepName(step)}, mode ${mode}`
  )
}
