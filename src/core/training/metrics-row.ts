import type {Config} from '../config/schema.js'
import {optimizerAt, type StepResult} from '../objectives/objective.js'
import type {Measures} from '../records/measures.js'
import {type Outcome, outcomes} from '../records/records.js'
import type {TrainerState} from '../runs/trainer-state.js'
import {type MetricsRow, metricsTable, nullsOf} from '../tables/index.js'

/** The column of each measure; outcomes and terms of the reward have one each. */
const columns: Readonly<Record<Exclude<keyof Measures, 'outcomes' | 'rewardTerms'>, keyof MetricsRow>> = {
  reward: 'reward',
  rewardStd: 'reward_std',
  uniformGroups: 'frac_reward_zero_std',
  loss: 'loss',
  gradNorm: 'grad_norm',
  entropy: 'entropy',
  kl: 'kl',
  meanLength: 'completions/mean_length',
  clippedLengths: 'completions/clipped_ratio',
  updates: 'rpt/updates',
  updatesSkipped: 'rpt/updates_skipped',
  lossScale: 'rpt/loss_scale',
  clippedRatios: 'rpt/clip_fraction',
  mismatchMax: 'rpt/logprob_mismatch_max',
  correct: 'rpt/correct',
  cutPrompts: 'rpt/cut_prompts',
  rolloutBatches: 'rpt/rollout_batches',
  groupsDropped: 'rpt/groups_dropped',
  groupsSurplus: 'rpt/groups_surplus',
  rolloutsGenerated: 'rpt/rollouts_generated',
  rolloutsPerKeptGroup: 'rpt/rollouts_per_kept_group',
  uniformsNearStep: 'rpt/uniforms_near_step',
  contextEntropy: 'rpt/context_entropy',
}

/**
 * Makes the row of metrics.arrow for a step. `num_tokens` and `wall_seconds` are totals since step 1. FLOPs are this step's.
 *
 * @param state the state after the step
 * @param seconds wall time of the step
 */
export function metricsRow(config: Config, state: TrainerState, result: StepResult, seconds: number): MetricsRow {
  return {
    ...nullsOf(metricsTable),
    ...measured(result.measures),
    step: state.step,
    wall_seconds: state.wallSeconds,
    learning_rate: optimizerAt(state.step, config).learningRate,
    'rpt/flops_generation': result.flopsGeneration,
    'rpt/flops_scoring': result.flopsScoring,
    'rpt/flops_update': result.flopsUpdate,
    num_tokens: state.numTokens,
    step_time: seconds,
  }
}

function measured({outcomes: shares, rewardTerms = {}, ...measures}: Measures): Partial<MetricsRow> {
  const entries = Object.entries(measures) as [keyof typeof columns, number | null | undefined][]
  return Object.fromEntries([
    ...entries.map(([name, value]) => [columns[name], value ?? null]),
    ...Object.entries(rewardTerms).map(([name, mean]) => [`rewards/${name}/mean`, mean]),
    ...(shares ? outcomes.map((outcome: Outcome) => [`rpt/outcome_${outcome}`, shares[outcome]]) : []),
  ])
}
