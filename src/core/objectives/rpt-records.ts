import type {PolicyUpdate} from '../engine/update/policy-update.js'
import {isUniform} from '../grpo/advantages.js'
import {addsToGradient} from '../grpo/objective.js'
import {rolloutFlops, updateFlops} from '../models/flops.js'
import {type Group, type Outcome, outcomes} from '../records/records.js'
import type {MetricsRow, RolloutRow} from '../tables/index.js'
import type {StepResult, TrainingContext} from './objective.js'
import type {SampledGroups} from './sample-groups.js'

/** The metrics row, the totals and the note of a step. */
export function resultOf(
  {config, model, shape}: TrainingContext,
  {groups, generated, batches, dropped, surplus, uniformsNearStep}: SampledGroups,
  advantages: readonly (readonly number[])[],
  updates: readonly PolicyUpdate[],
  rollouts: readonly RolloutRow[],
): StepResult {
  const rewards = generated.map((group) => group.rewards.map((reward) => reward.total))
  const completions = generated.flatMap((group) => group.completions)
  const lengths = completions.map(({ids}) => ids.length)
  const found = generated.flatMap((group) => group.rewards.map((reward) => reward.outcome))
  const reward = meanOf(rewards.flat())
  const workOf = ({prompt, completions: sampled}: Group) => ({
    promptTokens: prompt.ids.length,
    completionTokens: sampled.map(({ids}) => ids.length),
  })
  const updated = groups.filter((_, i) => addsToGradient(advantages[i], config.grpo))
  const live = advantages.filter((group) => group.some((advantage) => advantage !== 0)).length
  const metrics: Partial<MetricsRow> = {
    reward,
    reward_std: meanOf(rewards.map(deviationOf)),
    frac_reward_zero_std: meanOf(rewards.map((group) => Number(isUniform(group)))),
    'completions/mean_length': meanOf(lengths),
    'completions/clipped_ratio': meanOf(completions.map(({stopReason}) => Number(stopReason === 'length'))),
    ...updateMetrics(updates),
    ...outcomeShares(found),
    'rpt/cut_prompts': meanOf(generated.map(({prompt}) => Number(prompt.cutTokens > 0))),
    'rpt/rollout_batches': batches,
    'rpt/groups_dropped': dropped,
    'rpt/groups_surplus': surplus,
    'rpt/rollouts_generated': completions.length,
    'rpt/rollouts_per_kept_group': live > 0 ? completions.length / live : null,
    'rpt/uniforms_near_step': uniformsNearStep,
  }
  return {
    metrics,
    rollouts,
    visits: generated.length,
    tokens: lengths.reduce((sum, length) => sum + length, 0),
    flopsGeneration: rolloutFlops(shape, generated.map(workOf)),
    flopsUpdate: updateFlops(shape, updated.map(workOf), config.grpo.klCoef > 0 ? 1 : 0),
    note: `reward ${reward.toFixed(3)}, length ${meanOf(lengths).toFixed(1)}${model.endIds.length ? '' : ', no end token'}`,
  }
}

/** Means over the updates of a step; null where there was none, because nothing was computed then. */
function updateMetrics(updates: readonly PolicyUpdate[]): Partial<MetricsRow> {
  const mean = (read: (update: PolicyUpdate) => number | null) => {
    const values = updates.map(read).filter((value) => value !== null)
    return values.length > 0 ? meanOf(values) : null
  }
  return {
    'rpt/updates': updates.length,
    loss: mean(({loss}) => loss),
    grad_norm: mean(({gradNorm}) => gradNorm),
    entropy: mean(({entropy}) => entropy),
    kl: mean(({kl}) => kl),
    'rpt/clip_fraction': mean(({clipFraction}) => clipFraction),
    // Later updates are off-policy.
    'rpt/logprob_mismatch_max': updates[0]?.mismatchMax ?? null,
  }
}

function outcomeShares(found: readonly Outcome[]): Partial<MetricsRow> {
  return Object.fromEntries(
    outcomes.map((outcome) => [
      `rpt/outcome_${outcome}`,
      found.filter((other) => other === outcome).length / found.length,
    ]),
  )
}

/** A row per completion, those of dropped groups included: they have advantage 0. */
export function rolloutRows(
  step: number,
  {groups, generated}: SampledGroups,
  advantages: readonly (readonly number[])[],
  {data}: TrainingContext,
): RolloutRow[] {
  const advantagesOf = new Map(groups.map((group, i) => [group, advantages[i]]))
  return generated.flatMap((group, index) =>
    group.completions.map((completion, sample) => {
      const {context, ids} = group.prompt
      const reward = group.rewards[sample]
      return {
        step,
        doc_id: context.docId,
        position: context.position,
        group: index,
        sample,
        prompt_ids: ids,
        completion_ids: completion.ids,
        completion_text: data.tokenizer.decode(completion.ids),
        old_logprobs: completion.oldLogprobs,
        stop_reason: completion.stopReason,
        outcome: reward.outcome,
        prediction: reward.prediction,
        truth: context.truth,
        boundaries: context.boundaries,
        reward: reward.total,
        reward_parts: reward.parts,
        explanation: reward.explanation,
        advantage: advantagesOf.get(group)?.[sample] ?? 0,
        cut_tokens: group.prompt.cutTokens,
      }
    }),
  )
}

/** Arithmetic mean. */
export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function deviationOf(values: readonly number[]): number {
  const mean = meanOf(values)
  return Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)))
}
