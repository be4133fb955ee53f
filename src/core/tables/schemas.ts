import {evalModes, type RewardName, rewardNames} from '../config/names.js'
import {
  difficulties,
  type ItemKey,
  type Outcome,
  outcomes,
  type Partition,
  type StopReason,
} from '../records/records.js'
import {type Column, nullable} from './column.js'
import {jsonObject} from './column-json.js'
import {bool, float32, float64, int32, int64} from './columns-fixed.js'
import {binary, float32List, float32Map, float64ByInt32, int32List, oneOf, utf8} from './columns-variable.js'
import {defineTable, type Row} from './table.js'

/** Every table that `rpt` writes. Names, types and order of the columns are a contract with whoever reads them. */

const partition = oneOf<Partition>('train', 'val')
const difficulty = oneOf(...difficulties)
const outcome = oneOf(...outcomes)
const stopReason = oneOf<StopReason>('end-of-text', 'stop-string', 'length')
const mode = oneOf(...evalModes)

/**
 * One row per document of the corpus, or per piece of one that was cut to fit a model: `goes_on` where its text does. It is null
 * in tables of older versions.
 */
export const documentsTable = defineTable('documents', 'file', {
  doc_id: utf8,
  partition,
  text: utf8,
  token_ids: int32List,
  byte_offsets: int32List,
  goes_on: nullable(bool),
})

/** One row per position that was looked at, kept or not. */
export const positionsTable = defineTable('positions', 'file', {
  doc_id: utf8,
  position: int32,
  partition,
  target_id: int32,
  target_bytes: binary,
  entropy: float32,
  difficulty_entropy: nullable(float32),
  target_logprob: float32,
  top1_id: int32,
  difficulty,
  kept: bool,
  reason: utf8,
})

const metric = nullable(float64)
const outcomeShares = Object.fromEntries(outcomes.map((name) => [`rpt/outcome_${name}`, metric])) as {
  readonly [K in Outcome as `rpt/outcome_${K}`]: Column<number | null>
}

const rewardMeans = Object.fromEntries(rewardNames.map((name) => [`rewards/${name}/mean`, metric])) as {
  readonly [K in RewardName as `rewards/${K}/mean`]: Column<number | null>
}

/** One row per document that a model scored, entry i about token i + 1; is there only while data are prepared. */
export const scoresTable = defineTable('scores', 'file', {
  entropy: float32List,
  target_logprob: float32List,
  top1: int32List,
})

/** One row per training step; null where the objective does not have the metric. */
export const metricsTable = defineTable(
  'metrics',
  'stream',
  {
    step: int32,
    wall_seconds: float64,
    reward: metric,
    reward_std: metric,
    ...rewardMeans,
    frac_reward_zero_std: metric,
    loss: metric,
    grad_norm: metric,
    learning_rate: metric,
    entropy: metric,
    kl: metric,
    'completions/mean_length': metric,
    'completions/clipped_ratio': metric,
    'rpt/updates': metric,
    'rpt/updates_skipped': metric,
    'rpt/loss_scale': metric,
    'rpt/clip_fraction': metric,
    'rpt/logprob_mismatch_max': metric,
    ...outcomeShares,
    'rpt/correct': metric,
    'rpt/cut_prompts': metric,
    'rpt/rollout_batches': metric,
    'rpt/groups_dropped': metric,
    'rpt/groups_surplus': metric,
    'rpt/rollouts_generated': metric,
    'rpt/rollouts_per_kept_group': metric,
    'rpt/uniforms_near_step': metric,
    'rpt/context_entropy': metric,
    'rpt/flops_generation': metric,
    'rpt/flops_scoring': metric,
    'rpt/flops_update': metric,
    num_tokens: metric,
    step_time: metric,
  },
  ['wall_seconds', 'step_time'],
)

/**
 * One row per completion of one step. `doc_id` and `position` are the source and the index of the item: for next-token
 * prediction a document and a position in it.
 */
export const rolloutsTable = defineTable('rollouts', 'file', {
  step: int32,
  doc_id: utf8,
  position: int32,
  group: int32,
  sample: int32,
  prompt_ids: int32List,
  completion_ids: int32List,
  completion_text: utf8,
  old_logprobs: float32List,
  stop_reason: stopReason,
  outcome,
  prediction: nullable(binary),
  truth: binary,
  boundaries: int32List,
  reward: float32,
  reward_parts: float32Map,
  explanation: utf8,
  advantage: float32,
  cut_tokens: int32,
  correct: bool,
  task: utf8,
  item: utf8,
  cluster: utf8,
})

/** Name of an item in tables: its source and its index there. */
export function itemName({source, index}: ItemKey): string {
  return `${source}@${index}`
}

/** What all predictions of a mode took. */
const modeCompute = {
  mode_flops_generation: nullable(float64),
  mode_flops_scoring: nullable(float64),
  mode_tokens: nullable(float64),
  mode_seconds: nullable(float64),
}

/**
 * One row per checkpoint, split and mode.
 *
 * `ci_low` and `ci_high` are null where one document has all positions; `pass_at` and `pass_at_k` where nothing was
 * sampled, and the bounds of `pass_at` also where `ci_low` is; `inexpressible` and `accuracy_if_wrong` where the data do
 * not tell; `answer_tokens` where no prediction has an answer. `cut_tokens` is a mean over positions, `prompt_settings` is
 * JSON. Columns beginning with `mode_` are sums over all predictions of the mode, sampled ones included: the same in every
 * split. They, `answer_tokens` and the bounds of `pass_at` are null in tables of older versions.
 */
export const evalTable = defineTable(
  'eval',
  'file',
  {
    run: utf8,
    objective: utf8,
    checkpoint: utf8,
    step: int32,
    mode,
    split: utf8,
    count: int32,
    correct: int32,
    accuracy: float64,
    ci_low: nullable(float64),
    ci_high: nullable(float64),
    pass_at_k: nullable(float64),
    pass_at: nullable(float64ByInt32),
    seed: int64,
    inexpressible: nullable(int32),
    accuracy_if_wrong: nullable(float64),
    cut_tokens: float64,
    prompt_settings: jsonObject,
    prompt_tokens: nullable(float64),
    written_tokens: nullable(float64),
    flops: nullable(float64),
    answer_tokens: nullable(float64),
    pass_at_low: nullable(float64ByInt32),
    pass_at_high: nullable(float64ByInt32),
    ...modeCompute,
  },
  ['mode_seconds'],
)

/**
 * One row per prediction of one evaluation; `split` is the stratum of the item: for positions the hardest level that they
 * reach. `doc_id` and `position` are as in the rollouts.
 */
export const predictionsTable = defineTable('predictions', 'file', {
  doc_id: utf8,
  position: int32,
  mode,
  split: utf8,
  sample: int32,
  prediction: nullable(binary),
  truth: binary,
  correct: bool,
  outcome: nullable(outcome),
  completion_text: nullable(utf8),
  cut_tokens: int32,
  task: utf8,
  item: utf8,
  cluster: utf8,
})

/**
 * One row per training item of a run, drawn or not. `doc_id`, `position`, `task` and `item` are as in the rollouts, `split` as in the
 * predictions; `entropy` is the proxy's, null where the task has none; `last_step` is null where it was never drawn.
 */
export const ledgerTable = defineTable('ledger', 'file', {
  doc_id: utf8,
  position: int32,
  entropy: nullable(float32),
  split: utf8,
  drawn: int32,
  with_signal: int32,
  completions: int32,
  correct: int32,
  last_step: nullable(int32),
  task: utf8,
  item: utf8,
})

/**
 * Ledger of a scaling sweep: one row per finished point, mode and split. Columns beginning with `mode_` are those of
 * `eval.arrow`.
 */
export const sweepTable = defineTable(
  'sweep',
  'stream',
  {
    run: utf8,
    point: jsonObject,
    step: int32,
    compute_flops: float64,
    mode,
    split: utf8,
    accuracy: float64,
    ci_low: nullable(float64),
    ci_high: nullable(float64),
    seed: int64,
    ...modeCompute,
  },
  ['mode_seconds'],
)

/** Every table that stays, by name. */
export const tables = {
  documents: documentsTable,
  positions: positionsTable,
  metrics: metricsTable,
  rollouts: rolloutsTable,
  ledger: ledgerTable,
  eval: evalTable,
  predictions: predictionsTable,
  sweep: sweepTable,
} as const

/** A row of `documents.arrow`. */
export type DocumentRow = Row<typeof documentsTable>
/** A row of `positions.arrow`. */
export type PositionRow = Row<typeof positionsTable>
/** A row of the scores that a model gave. */
export type ScoresRow = Row<typeof scoresTable>
/** A row of `metrics.arrow`. */
export type MetricsRow = Row<typeof metricsTable>
/** A row of `rollouts/*.arrow`. */
export type RolloutRow = Row<typeof rolloutsTable>
/** A row of `ledger.arrow`. */
export type LedgerRow = Row<typeof ledgerTable>
/** A row of `eval.arrow`. */
export type EvalRow = Row<typeof evalTable>
/** A row of `eval/*.arrow`. */
export type PredictionRow = Row<typeof predictionsTable>
/** A row of `sweep.arrow`. */
export type SweepRow = Row<typeof sweepTable>
