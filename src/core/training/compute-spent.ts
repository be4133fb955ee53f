import type {MetricsRow} from '../tables/index.js'

/** What a run spent, all steps together: FLOPs as docs/explanation/statistics.md counts them, without evaluations. */
export interface ComputeSpent {
  /** Of sampling completions, and of asking the model for rewards. */
  readonly flops_generation: number
  readonly flops_update: number
  readonly flops: number
  /** Tokens that were sampled or trained on. */
  readonly tokens: number
  /** Of the steps themselves, without evaluations and checkpoints. */
  readonly step_seconds: number
}

/**
 * Sums what the steps of a run spent.
 *
 * @param history the rows of metrics.arrow, one per step, in order
 */
export function computeSpent(history: readonly MetricsRow[]): ComputeSpent {
  const sumOf = (name: 'rpt/flops_generation' | 'rpt/flops_update' | 'step_time') =>
    history.reduce((sum, row) => sum + (row[name] ?? 0), 0)
  const [generation, update] = [sumOf('rpt/flops_generation'), sumOf('rpt/flops_update')]
  return {
    flops_generation: generation,
    flops_update: update,
    flops: generation + update,
    tokens: history.at(-1)?.num_tokens ?? 0,
    step_seconds: sumOf('step_time'),
  }
}
