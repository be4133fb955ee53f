import {type ComputeSpent, withTotal} from '../runs/compute-spent.js'
import type {EvalRow} from '../tables/index.js'
import {groupBy} from '../util/group-by.js'
import {sumOf} from '../util/means.js'

/** What the predictions behind rows of `eval.arrow` took; null where an older version, which did not count, made some of them. */
export function evaluationCompute(rows: readonly EvalRow[]): ComputeSpent | null {
  const modes = groupBy(rows, ({run, checkpoint, mode}) => JSON.stringify([run, checkpoint, mode]))
  const counted = Array.from(modes.values(), ([row]) => row)
  if (counted.some((row) => row.mode_tokens === null)) return null
  const total = (name: 'mode_flops_generation' | 'mode_flops_scoring' | 'mode_tokens' | 'mode_seconds') =>
    sumOf(counted.map((row) => row[name]!))
  return withTotal({
    flops_generation: total('mode_flops_generation'),
    flops_scoring: total('mode_flops_scoring'),
    flops_update: 0,
    tokens: total('mode_tokens'),
    step_seconds: total('mode_seconds'),
  })
}
