import type {Config} from '../../config/schema.js'
import type {PolicyUpdate} from '../../engine/update/policy-update.js'
import {isUniform} from '../../grpo/advantages.js'
import {lossOf} from '../../grpo/losses.js'
import {type GroupLengths, type ModelShape, rolloutFlops, updateFlops} from '../../models/flops.js'
import type {Measures} from '../../records/measures.js'
import {type Outcome, outcomes, type RewardedGroup, type ScoredGroup} from '../../records/records.js'
import {deviationOf, meanOf, meansByName} from '../../util/means.js'
import type {StepResult} from '../objective.js'
import {isSkipped, scaleMeasures} from '../skipped-update.js'
import type {SampledGroups} from './sample-groups.js'

/** An update of a step, and what it ran over. */
export interface TakenUpdate {
  readonly update: PolicyUpdate
  /** Whether the weights were still those that sampled. */
  readonly isOnPolicy: boolean
  readonly groups: readonly GroupLengths[]
  /** Rows of text beside the groups. */
  readonly rows: readonly GroupLengths[]
}

/** What each stage of a step made. */
export interface TakenStep {
  readonly sampled: SampledGroups<unknown>
  /** All groups, with advantages. */
  readonly scored: readonly ScoredGroup<unknown>[]
  /** Those that were learned from. */
  readonly learned: readonly ScoredGroup<unknown>[]
  readonly taken: readonly TakenUpdate[]
}

/** What is measured of a step; the model's shape is what FLOPs are counted from. */
export function resultOf(
  {config, shape, hasEnd}: {readonly config: Config; readonly shape: ModelShape; readonly hasEnd: boolean},
  {sampled, scored, learned, taken}: TakenStep,
): StepResult {
  const {generated} = sampled
  const lengths = generated.flatMap(({completions}) => completions.map(({ids}) => ids.length))
  const rows = taken.flatMap((one) => one.rows)
  const updates = taken.map(({update}) => update)
  const measures = {...measuresOfGroups(sampled, learned), ...measuresOfUpdates(updates)}
  return {
    measures,
    groups: scored,
    visits: generated.length,
    tokens: lengths.reduce((sum, length) => sum + length, 0),
    flopsGeneration: rolloutFlops(shape, generated.map(workOf)),
    flopsScoring: sampled.queryFlops + scoringFlops(shape, config, taken),
    flopsUpdate: updateFlops(shape, groupsOf(taken)) + updateFlops(shape, rows),
    note: `reward ${measures.reward.toFixed(3)}, length ${measures.meanLength.toFixed(1)}${hasEnd ? '' : ', no end token'}`,
  }
}

/** Forward passes over what updates run over, besides their own: the reference's, and the policy's before those off-policy. */
function scoringFlops(shape: ModelShape, {grpo}: Config, taken: readonly TakenUpdate[]): number {
  const asksPolicy = lossOf(grpo).kind.ratioOf === 'completion'
  const underReference = grpo.klCoef > 0 ? taken : []
  const underPolicy = asksPolicy ? taken.filter(({isOnPolicy}) => !isOnPolicy) : []
  return rolloutFlops(shape, groupsOf(underReference)) + rolloutFlops(shape, groupsOf(underPolicy))
}

function groupsOf(taken: readonly TakenUpdate[]): GroupLengths[] {
  return taken.flatMap(({groups}) => groups)
}

function measuresOfGroups(
  {generated, batches, dropped, surplus, uniformsNearStep}: SampledGroups<unknown>,
  learned: readonly ScoredGroup<unknown>[],
) {
  const rewards = generated.map((group) => group.rewards.map((reward) => reward.total))
  const parts = generated.flatMap((group) => group.rewards.map((reward) => reward.parts))
  const completions = generated.flatMap((group) => group.completions)
  const live = learned.filter(({advantages}) => advantages.some((advantage) => advantage !== 0)).length
  return {
    reward: meanOf(rewards.flat()),
    rewardTerms: meansByName(parts),
    rewardStd: meanOf(rewards.map(deviationOf)),
    uniformGroups: meanOf(rewards.map((group) => Number(isUniform(group)))),
    meanLength: meanOf(completions.map(({ids}) => ids.length)),
    clippedLengths: meanOf(completions.map(({stopReason}) => Number(stopReason === 'length'))),
    outcomes: outcomeShares(generated.flatMap(({verdicts}) => verdicts.map(({outcome}) => outcome))),
    correct: meanOf(generated.flatMap(({verdicts}) => verdicts.map(({correct}) => Number(correct)))),
    cutPrompts: meanOf(generated.map(({prompt}) => Number(prompt.cutTokens > 0))),
    rolloutBatches: batches,
    groupsDropped: dropped,
    groupsSurplus: surplus,
    rolloutsGenerated: completions.length,
    rolloutsPerKeptGroup: live > 0 ? completions.length / live : null,
    uniformsNearStep,
  } satisfies Measures
}

/** Means over the updates of a step; null where there was none, because nothing was computed then. */
function measuresOfUpdates(updates: readonly PolicyUpdate[]): Measures {
  const mean = (read: (update: PolicyUpdate) => number | null) => {
    const values = updates.map(read).filter((value) => value !== null)
    return values.length > 0 ? meanOf(values) : null
  }
  return {
    updates: updates.filter((update) => !isSkipped(update)).length,
    ...scaleMeasures(updates),
    loss: mean(({loss}) => loss),
    gradNorm: mean(({gradNorm}) => gradNorm),
    entropy: mean(({entropy}) => entropy),
    kl: mean(({kl}) => kl),
    clippedRatios: mean(({clipFraction}) => clipFraction),
    // Later updates are off-policy.
    mismatchMax: updates[0]?.mismatchMax ?? null,
  }
}

function outcomeShares(found: readonly Outcome[]): Record<Outcome, number> {
  const shareOf = (outcome: Outcome) => found.filter((other) => other === outcome).length / found.length
  return Object.fromEntries(outcomes.map((outcome) => [outcome, shareOf(outcome)])) as Record<Outcome, number>
}

function workOf({prompt, completions}: RewardedGroup<unknown>) {
  return {promptTokens: prompt.ids.length, completionTokens: completions.map(({ids}) => ids.length)}
}
