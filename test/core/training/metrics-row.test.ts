import {expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import type {StepResult} from '../../../src/core/objectives/objective.js'
import type {Measures} from '../../../src/core/records/measures.js'
import type {TrainerState} from '../../../src/core/runs/trainer-state.js'
import {metricsTable} from '../../../src/core/tables/index.js'
import {metricsRow} from '../../../src/core/training/metrics-row.js'

const {config} = loadConfig({sets: ['optim.warmupSteps=10', 'optim.learningRate=1'], cwd: '.'})
const counts = {step: 7, visits: 31, numTokens: 32, wallSeconds: 33, seed: 0}
const state: TrainerState = {...counts, objective: 'rpt', configHash: ''}

function rowOf(measures: Measures) {
  const result: StepResult = {
    measures,
    groups: [],
    visits: 4,
    tokens: 5,
    flopsGeneration: 34,
    flopsScoring: 36,
    flopsUpdate: 35,
    note: '',
  }
  return metricsRow(config, state, result, 36)
}

/** What every row has: totals of the run, and the rate, the seconds and the FLOPs of this step. */
const always = {
  step: 7,
  learning_rate: 0.7,
  num_tokens: 32,
  wall_seconds: 33,
  'rpt/flops_generation': 34,
  'rpt/flops_scoring': 36,
  'rpt/flops_update': 35,
  step_time: 36,
}

/** Measures, each with a value of its own. */
const measured: Required<Measures> = {
  reward: 1,
  rewardStd: 2,
  uniformGroups: 3,
  loss: 4,
  gradNorm: 5,
  entropy: 6,
  kl: 7,
  meanLength: 8,
  clippedLengths: 9,
  updates: 10,
  updatesSkipped: 11,
  lossScale: 12,
  clippedRatios: 13,
  mismatchMax: 14,
  correct: 15,
  cutPrompts: 16,
  rolloutBatches: 17,
  groupsDropped: 18,
  groupsSurplus: 19,
  rolloutsGenerated: 20,
  rolloutsPerKeptGroup: 21,
  uniformsNearStep: 22,
  contextEntropy: 23,
  outcomes: {parsed: 24, 'no-box': 25, 'unfinished-thinking': 26, truncated: 27},
  rewardTerms: {'prefix-match': 28, 'missing-answer': 29},
}

/** Columns of terms that the reward does not have. */
const otherTerms = Object.fromEntries(
  Object.keys(metricsTable.columns)
    .filter((name) => name.startsWith('rewards/'))
    .map((name) => [name, null]),
)

it('a row of metrics has each measure in its own column, beside totals of the run and what the step cost', () => {
  expect(rowOf(measured)).toEqual({
    ...always,
    ...otherTerms,
    'rewards/prefix-match/mean': 28,
    'rewards/missing-answer/mean': 29,
    reward: 1,
    reward_std: 2,
    frac_reward_zero_std: 3,
    loss: 4,
    grad_norm: 5,
    entropy: 6,
    kl: 7,
    'completions/mean_length': 8,
    'completions/clipped_ratio': 9,
    'rpt/updates': 10,
    'rpt/updates_skipped': 11,
    'rpt/loss_scale': 12,
    'rpt/clip_fraction': 13,
    'rpt/logprob_mismatch_max': 14,
    'rpt/correct': 15,
    'rpt/cut_prompts': 16,
    'rpt/rollout_batches': 17,
    'rpt/groups_dropped': 18,
    'rpt/groups_surplus': 19,
    'rpt/rollouts_generated': 20,
    'rpt/rollouts_per_kept_group': 21,
    'rpt/uniforms_near_step': 22,
    'rpt/context_entropy': 23,
    'rpt/outcome_parsed': 24,
    'rpt/outcome_no-box': 25,
    'rpt/outcome_unfinished-thinking': 26,
    'rpt/outcome_truncated': 27,
  })
})

it('a measure that was not computed, or that the objective does not have, is null', () => {
  const {columns} = metricsTable
  const nulls = Object.fromEntries(Object.keys(columns).map((name) => [name, null]))
  expect(rowOf({loss: null})).toEqual({...nulls, ...always})
})
