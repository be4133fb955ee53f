import type {MetricsRow} from '../tables/index.js'
import {sumOf} from '../util/means.js'

/** What a command spent: FLOPs as docs/explanation/statistics.md counts them. The part `compute` of `summary.json`. */
export interface ComputeSpent {
  /** Of sampling completions. */
  readonly flops_generation: number
  /** Of forward passes over given text: log-probabilities for rewards, a reference or an earlier policy, standard predictions. */
  readonly flops_scoring: number
  readonly flops_update: number
  readonly flops: number
  /** Tokens that were sampled or trained on, and in an evaluation those that were scored. */
  readonly tokens: number
  /** Of the steps of training themselves, without evaluations and checkpoints; or of the predictions of an evaluation. */
  readonly step_seconds: number
}

/** FLOPs of a step by what they are for: the columns of metrics.arrow that add up to the whole. */
const columns = {
  flops_generation: 'rpt/flops_generation',
  flops_scoring: 'rpt/flops_scoring',
  flops_update: 'rpt/flops_update',
} as const

type FlopsColumn = (typeof columns)[keyof typeof columns]

/** What a step counts; null where an older version did not. */
type Counted = Pick<MetricsRow, FlopsColumn | 'step' | 'step_time' | 'num_tokens'>

/**
 * The rows of all steps of a run up to one; null where some are lost, as where metrics.arrow was moved away.
 *
 * @param history the rows of metrics.arrow, one per step, in order
 */
export function wholeHistory<R extends Pick<MetricsRow, 'step'>>(
  history: readonly R[],
  step: number,
): readonly R[] | null {
  const taken = history.filter((row) => row.step <= step)
  return taken.length === step ? taken : null
}

/**
 * Sums what the steps of a run up to one spent, without evaluations; null where rows of some are lost.
 *
 * @param history the rows of metrics.arrow, one per step, in order
 */
export function computeSpent(history: readonly Counted[], step: number): ComputeSpent | null {
  const taken = wholeHistory(history, step)
  if (taken === null) return null
  const total = (name: FlopsColumn | 'step_time') => sumOf(taken.map((row) => row[name] ?? 0))
  return withTotal({
    flops_generation: total(columns.flops_generation),
    flops_scoring: total(columns.flops_scoring),
    flops_update: total(columns.flops_update),
    tokens: taken.at(-1)?.num_tokens ?? 0,
    step_seconds: total('step_time'),
  })
}

/** Sums what several runs spent; all 0 of none. */
export function addSpent(runs: readonly ComputeSpent[]): ComputeSpent {
  const total = (name: keyof ComputeSpent) => sumOf(runs.map((spent) => spent[name]))
  return withTotal({
    flops_generation: total('flops_generation'),
    flops_scoring: total('flops_scoring'),
    flops_update: total('flops_update'),
    tokens: total('tokens'),
    step_seconds: total('step_seconds'),
  })
}

/** Adds the sum of all FLOPs, in the order in which a summary shows them. */
export function withTotal({tokens, step_seconds, ...parts}: Omit<ComputeSpent, 'flops'>): ComputeSpent {
  const {flops_generation, flops_scoring, flops_update} = parts
  return {...parts, flops: flops_generation + flops_scoring + flops_update, tokens, step_seconds}
}

/** FLOPs of all kinds up to each step, by step; of those up to which rows are lost, nobody knows them. */
export function computeByStep(history: readonly Counted[]): ReadonlyMap<number, number> {
  const computeAt = new Map<number, number>()
  let compute = 0
  for (const row of history) {
    if (row.step !== computeAt.size + 1) break
    for (const column of Object.values(columns)) compute += row[column] ?? 0
    computeAt.set(row.step, compute)
  }
  return computeAt
}
