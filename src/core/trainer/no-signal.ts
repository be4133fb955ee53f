import {type Outcome, outcomes} from '../records/records.js'
import type {MetricsRow} from '../store/index.js'

/** Optimizer updates of those steps. 0 means that the weights are those of the start. */
export function updatesOf(rows: readonly MetricsRow[]): number {
  return sumOf(rows, (row) => row['rpt/updates'] ?? 0)
}

/** What to do about completions that mostly end like this; `parsed` depends on whether they were right. */
const remedies: Readonly<Record<Exclude<Outcome, 'parsed'>, string>> = {
  truncated: 'raise rollout.maxTokens',
  'unfinished-thinking': 'nothing closes the thought with </think>; try another prompt.template or a warm start (sft)',
  'no-box': 'nothing asks for \\boxed{...}, or the model ignores it; try another prompt.template or a warm start (sft)',
}
const tooEasy = 'the positions are too easy; raise data.selectThreshold'
const tooHard = 'the positions are too hard; try easier ones, a larger grpo.groupSize or a warm start (sft)'

/**
 * What to say at the end of a run that moved no weight, because no group had completions of different reward; null of a
 * run that did.
 *
 * @param rows of metrics.arrow, all steps
 */
export function unmovedLine(rows: readonly MetricsRow[], groupSize: number): string | null {
  const completions = sumOf(rows, completionsOf)
  if (completions === 0 || updatesOf(rows) > 0) return null
  const shareOf = (read: (row: MetricsRow) => number | null) =>
    sumOf(rows, (row) => (read(row) ?? 0) * completionsOf(row)) / completions
  const shares = outcomes.map((outcome) => ({outcome, share: shareOf((row) => row[`rpt/outcome_${outcome}`])}))
  const {outcome, share} = shares.reduce((most, other) => (other.share > most.share ? other : most))
  const reward = shareOf((row) => row.reward)
  const remedy = outcome === 'parsed' ? (reward > 0 ? tooEasy : tooHard) : remedies[outcome]
  return (
    `train: the weights are those of the start: none of ${completions / groupSize} groups had completions of different ` +
    `reward (mean ${reward.toFixed(3)}). ${Math.round(100 * share)}% of completions are ${outcome}: ${remedy}`
  )
}

function completionsOf(row: MetricsRow): number {
  return row['rpt/rollouts_generated'] ?? 0
}

function sumOf(rows: readonly MetricsRow[], read: (row: MetricsRow) => number): number {
  return rows.reduce((sum, row) => sum + read(row), 0)
}
