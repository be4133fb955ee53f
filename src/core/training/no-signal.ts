import type {Config} from '../config/schema.js'
import {type LossKind, type LossSettings, losses} from '../grpo/losses.js'
import {objectives} from '../objectives/objectives.js'
import {type Outcome, outcomes} from '../records/records.js'
import {whatPays} from '../rewards/terms.js'
import {wholeHistory} from '../runs/compute-spent.js'
import type {MetricsRow} from '../tables/index.js'
import type {TaskKind} from '../tasks/task.js'
import {tasks} from '../tasks/tasks.js'
import {sumOf} from '../util/means.js'

/** Optimizer updates of those steps. 0 means that the weights are those of the start. */
export function updatesOf(rows: readonly MetricsRow[]): number {
  return sumOf(rows.map((row) => row['rpt/updates'] ?? 0))
}

/** Whether a step had something to learn from: a group whose rewards differ, or a token to predict. */
export function carriesSignal(row: MetricsRow): boolean {
  if (row['rpt/rollouts_generated'] !== null) return row['rpt/rollouts_per_kept_group'] !== null
  return updatesOf([row]) + (row['rpt/updates_skipped'] ?? 0) > 0
}

/** What to do about completions that mostly end like this; `parsed` depends on whether they were right. */
const remedies: Readonly<Record<Exclude<Outcome, 'parsed'>, (task: TaskWords) => string>> = {
  truncated: () => 'raise rollout.maxTokens',
  'unfinished-thinking': ({templateKeys: [template]}) =>
    `nothing closes the thought with </think>; try another ${template} or a warm start (sft)`,
  'no-box': ({templateKeys: [template]}) =>
    `nothing asks for \\boxed{...}, or the model ignores it; try another ${template} or a warm start (sft)`,
}
const unmoved = 'train: the weights are those of the start'
const regularized = 'train: the weights moved by the KL, entropy and next-token terms alone'
const tooShort = 'raise train.maxRowTokens or give longer documents'
const allWrong = ({noun}: TaskWords) =>
  `none was right; try easier ${noun}, a larger grpo.groupSize or a warm start (sft)`
const allAlike = ({noun}: TaskWords) =>
  `each group is all right or all wrong; raise grpo.groupSize or rollout.temperature, or take harder ${noun}`
const allEqual =
  'in each group all rewards are equal, whether right or wrong; change the weights of reward.terms, or raise grpo.groupSize or rollout.temperature'

/** What the things of a task are called. */
type TaskWords = Pick<TaskKind, 'noun' | 'templateKeys'>
type Terms = Config['reward']['terms']

/** What no group had, by what the loss learns from; `mean` of all rewards. */
const lacking: Readonly<Record<LossKind['learnsFrom'], (mean: string) => string>> = {
  comparison: (mean) => `completions of different reward (mean ${mean})`,
  'right completions': (mean) => `a right completion (mean reward ${mean})`,
}

/** Settings that decide which groups are learned from. */
export interface SignalSettings {
  readonly grpo: Pick<Config['grpo'], 'groupSize'> & Pick<LossSettings, 'loss'>
  readonly reward: Pick<Config['reward'], 'terms'>
  readonly train: Pick<Config['train'], 'objective'>
}

/**
 * What to say at the end of a run in which nothing was learned from any group, or no row had a token to learn from; null of a
 * run that had, took no step, or lost rows.
 *
 * @param rows of metrics.arrow, all steps
 */
export function noSignalLine(
  rows: readonly MetricsRow[],
  {grpo, reward: {terms}, train}: SignalSettings,
): string | null {
  // Of steps whose rows are lost nobody knows whether they moved the weights.
  const last = rows.at(-1)
  if (!last || !wholeHistory(rows, last.step) || rows.some(carriesSignal)) return null
  const completions = sumOf(rows.map(completionsOf))
  if (completions === 0) return `${unmoved}: no row of ${rows.length} steps had a token to learn from; ${tooShort}`
  const shareOf = (read: (row: MetricsRow) => number | null) =>
    sumOf(rows.map((row) => (read(row) ?? 0) * completionsOf(row))) / completions
  const shares = outcomes.map((outcome) => ({outcome, share: shareOf((row) => row[`rpt/outcome_${outcome}`])}))
  const {outcome, share} = shares.reduce((most, other) => (other.share > most.share ? other : most))
  const reward = shareOf((row) => row.reward)
  const right = shareOf((row) => row['rpt/correct'])
  const task = tasks[objectives[train.objective].task ?? 'next-token']
  const {learnsFrom} = losses[grpo.loss ?? 'grpo']
  const ofWeights = learnsFrom === 'comparison' ? remedyOfWeights(terms) : null
  const remedy = ofWeights ?? (outcome === 'parsed' ? remedyOfTerms(terms, right, task) : remedies[outcome](task))
  return (
    `${updatesOf(rows) > 0 ? regularized : unmoved}: none of ${completions / grpo.groupSize} groups had ` +
    `${lacking[learnsFrom](reward.toFixed(3))}. ${Math.round(100 * share)}% of completions are ${outcome}: ${remedy}`
  )
}

/** What to do about weights that let terms cancel each other; null where they do not. */
function remedyOfWeights(terms: Terms): string | null {
  if (!terms) return null
  if (terms.every(({weight}) => weight === 0))
    return 'all weights of reward.terms are 0, so every reward is 0; give a term another weight'
  if (sumOf(terms.map(({weight}) => weight)) !== 0) return null
  return `the weights of reward.terms sum to 0 (${describeTerms(terms)}), so terms can cancel each other; change them`
}

/**
 * What to do about completions that have an answer.
 *
 * @param right share of them that are right; absent terms are one that pays for right answers alone
 */
function remedyOfTerms(terms: Terms, right: number, task: TaskWords): string {
  const paying = terms?.filter(({weight}) => weight !== 0)
  const kinds = paying?.map(({name}) => whatPays(name))
  if (paying && kinds?.every((pays) => pays === 'format'))
    return `no term of reward.terms (${describeTerms(paying)}) pays for right answers; add one that does, such as correct`
  if (right === 0) return allWrong(task)
  return !kinds || kinds.join() === 'right' ? allAlike(task) : allEqual
}

function describeTerms(terms: NonNullable<Terms>): string {
  return terms.map(({name, weight}) => `${name} ${weight}`).join(', ')
}

function completionsOf(row: MetricsRow): number {
  return row['rpt/rollouts_generated'] ?? 0
}
