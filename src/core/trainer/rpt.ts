import {contextAt} from '../data/contexts.js'
import {renderPrompt} from '../data/prompts.js'
import type {PolicyGroup, PolicyUpdate} from '../engine/policy-update.js'
import {groupAdvantages, isUniform} from '../grpo/advantages.js'
import type {Group, Outcome, Prompt} from '../records/records.js'
import {outcomes} from '../records/records.js'
import {rewardFor} from '../rewards/reward.js'
import {rolloutPrompts} from '../rollout/rollout.js'
import {rolloutFlops, updateFlops} from '../scaling/flops.js'
import type {MetricsRow, RolloutRow} from '../store/index.js'
import {DataError} from '../util/errors.js'
import {type Objective, optimizerAt, type StepResult, type TrainingContext} from './objective.js'
import {VisitOrder} from './order.js'

/** Groups of one step and what it took to get them. */
interface SampledGroups {
  readonly groups: readonly Group[]
  readonly visits: number
  readonly dropped: number
  readonly generated: readonly Group[]
  readonly uniformsNearStep: number
}

/**
 * Reinforcement Pre-Training (RPT, Eq. 4): contexts -> rollouts -> rewards -> advantages -> update.
 *
 * Contexts are the kept training positions in seeded order; each gets G completions, a reward each, and group-normalised
 * advantages; one GRPO update follows per mini-batch.
 */
export function rptObjective(training: TrainingContext): Objective {
  const {config, data} = training
  if (data.trainPositions.length === 0)
    throw new DataError(`${data.folder} has no training positions; prepare it with a proxy and a lower threshold`)
  const order = new VisitOrder(data.trainPositions.length, config.seed, 'contexts')
  const promptAt = (visit: number): Prompt => {
    const {docId, position, difficulty} = data.trainPositions[order.at(visit)]
    const document = data.documents.get(docId)!
    const context = contextAt(document, position, difficulty, data.tokenizer, config.reward.maxReferenceTokens)
    return renderPrompt(data.tokenizer, config.prompt.template, context, config.prompt.maxTokens)
  }
  return {
    async step(step, visits, keep) {
      const sampled = await sampleGroups(training, step, visits, promptAt)
      const rewards = sampled.groups.map((group) => group.rewards.map((reward) => reward.total))
      const advantages = groupAdvantages(rewards, config.grpo)
      const rollouts = rolloutRows(step, sampled.groups, advantages, training)
      keep(rollouts)
      const update = await updatePolicy(training, step, sampled.groups, advantages)
      return resultOf(training, sampled, advantages, update, rollouts)
    },
  }
}

/** contexts -> rollouts -> rewards; under dynamic sampling, groups of equal rewards are dropped and replaced. */
async function sampleGroups(
  training: TrainingContext,
  step: number,
  visits: number,
  promptAt: (visit: number) => Prompt,
): Promise<SampledGroups> {
  const {contextsPerStep, dynamicSampling} = training.config.grpo
  const isDynamic = dynamicSampling.enabled && step >= dynamicSampling.fromStep
  const generated: Group[] = []
  let live: Group[] = []
  let uniformsNearStep = 0
  let refills = 0
  do {
    const wanted = contextsPerStep - (isDynamic ? live.length : 0)
    const prompts = Array.from({length: wanted}, (_, i) => promptAt(visits + generated.length + i))
    const rollouts = await rollout(training, prompts, step)
    const groups = prompts.map((prompt, i) => gradeGroup(training, prompt, rollouts.completions[i]))
    generated.push(...groups)
    uniformsNearStep += rollouts.uniformsNearStep
    live = isDynamic ? [...live, ...groups.filter(carriesSignal)] : groups
  } while (isDynamic && live.length < contextsPerStep && refills++ < dynamicSampling.maxRefills)
  // A step without any signal still says what it saw.
  const groups = live.length > 0 ? live : generated.slice(0, contextsPerStep)
  return {groups, visits: generated.length, dropped: generated.length - groups.length, generated, uniformsNearStep}
}

function rollout({config, engine, model}: TrainingContext, prompts: readonly Prompt[], step: number) {
  return rolloutPrompts(engine, prompts, {
    ...config.rollout,
    groupSize: config.grpo.groupSize,
    endIds: model.endIds,
    streamKeys: {seed: config.seed, purpose: 'rollout', step},
  })
}

function gradeGroup({config, data}: TrainingContext, prompt: Prompt, completions: Group['completions']): Group {
  const rewards = completions.map((completion) =>
    rewardFor(config.reward.name, data.tokenizer, prompt.context, completion),
  )
  return {prompt, completions, rewards}
}

function carriesSignal({rewards}: Group): boolean {
  return !isUniform(rewards.map((reward) => reward.total))
}

/** advantages -> update: one AdamW step per mini-batch; the first is on-policy. */
async function updatePolicy(
  {config, engine}: TrainingContext,
  step: number,
  groups: readonly Group[],
  advantages: readonly (readonly number[])[],
) {
  const {grpo, rollout} = config
  const policyGroups = groups.map(
    ({prompt, completions}, i): PolicyGroup => ({promptIds: prompt.ids, completions, advantages: advantages[i]}),
  )
  const size = Math.ceil(policyGroups.length / grpo.miniBatches)
  const updates: PolicyUpdate[] = []
  for (let start = 0; start < policyGroups.length; start += size)
    updates.push(
      await engine.updatePolicy(
        {
          groups: policyGroups.slice(start, start + size),
          temperature: rollout.temperature,
          objective: {clipEpsilon: grpo.clipEpsilon, klCoef: grpo.klCoef, entropyCoef: grpo.entropyCoef},
          lossNormalizer: grpo.lossNormalizer,
          contextsPerMicroBatch: grpo.contextsPerMicroBatch,
          mismatchLimit: grpo.mismatchLimit,
          optimizer: optimizerAt(step, config),
        },
        start === 0,
      ),
    )
  const mean = (read: (update: PolicyUpdate) => number) => meanOf(updates.map(read))
  return {
    loss: mean((update) => update.loss),
    gradNorm: mean((update) => update.gradNorm),
    entropy: mean((update) => update.entropy),
    clipFraction: mean((update) => update.clipFraction),
    kl: updates[0].kl === null ? null : mean((update) => update.kl!),
    mismatchMax: updates[0].mismatchMax,
  }
}

function resultOf(
  {config, model, shape}: TrainingContext,
  {groups, generated, visits, dropped, uniformsNearStep}: SampledGroups,
  advantages: readonly (readonly number[])[],
  update: Awaited<ReturnType<typeof updatePolicy>>,
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
  const updated = groups.filter((_, i) => advantages[i].some((advantage) => advantage !== 0))
  const metrics: Partial<MetricsRow> = {
    reward,
    reward_std: meanOf(rewards.map(deviationOf)),
    frac_reward_zero_std: meanOf(rewards.map((group) => Number(isUniform(group)))),
    loss: update.loss,
    grad_norm: update.gradNorm,
    entropy: update.entropy,
    kl: update.kl,
    'completions/mean_length': meanOf(lengths),
    'completions/clipped_ratio': meanOf(completions.map(({stopReason}) => Number(stopReason === 'length'))),
    'rpt/clip_fraction': update.clipFraction,
    'rpt/logprob_mismatch_max': update.mismatchMax,
    ...outcomeShares(found),
    'rpt/groups_dropped': dropped,
    'rpt/rollouts_generated': completions.length,
    'rpt/uniforms_near_step': uniformsNearStep,
  }
  return {
    metrics,
    rollouts,
    visits,
    tokens: lengths.reduce((sum, length) => sum + length, 0),
    flopsGeneration: rolloutFlops(shape, generated.map(workOf)),
    flopsUpdate: updateFlops(shape, updated.map(workOf), config.grpo.klCoef > 0 ? 1 : 0),
    note: `reward ${reward.toFixed(3)}, length ${meanOf(lengths).toFixed(1)}${model.endIds.length ? '' : ', no end token'}`,
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

function rolloutRows(
  step: number,
  groups: readonly Group[],
  advantages: readonly (readonly number[])[],
  {data}: TrainingContext,
): RolloutRow[] {
  return groups.flatMap(({prompt, completions, rewards}, group) =>
    completions.map((completion, sample) => ({
      step,
      doc_id: prompt.context.docId,
      position: prompt.context.position,
      group,
      sample,
      prompt_ids: prompt.ids,
      completion_ids: completion.ids,
      completion_text: data.tokenizer.decode(completion.ids),
      old_logprobs: completion.oldLogprobs,
      stop_reason: completion.stopReason,
      outcome: rewards[sample].outcome,
      prediction: rewards[sample].prediction,
      truth: prompt.context.truth,
      boundaries: prompt.context.boundaries,
      reward: rewards[sample].total,
      reward_parts: rewards[sample].parts,
      explanation: rewards[sample].explanation,
      advantage: advantages[group][sample],
    })),
  )
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function deviationOf(values: readonly number[]): number {
  const mean = meanOf(values)
  return Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)))
}
