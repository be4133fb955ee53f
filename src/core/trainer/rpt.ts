import {contextAt} from '../data/contexts.js'
import {renderPrompt} from '../data/prompts.js'
import type {PolicyGroup, PolicyUpdate} from '../engine/policy-update.js'
import {groupAdvantages, isUniform} from '../grpo/advantages.js'
import type {Group, Prompt} from '../records/records.js'
import {rewardFor} from '../rewards/reward.js'
import {rolloutPrompts} from '../rollout/rollout.js'
import {DataError} from '../util/errors.js'
import {type Objective, optimizerAt, promptLimit, type TrainingContext} from './objective.js'
import {VisitOrder} from './order.js'
import {meanOf, resultOf, rolloutRows, type SampledGroups, type UpdateMetrics} from './rpt-records.js'

/**
 * Reinforcement Pre-Training (RPT, Eq. 4): contexts -> rollouts -> rewards -> advantages -> update.
 *
 * Contexts are the kept training positions in seeded order; each gets G completions, a reward each, and group-normalised
 * advantages; one GRPO update follows per mini-batch.
 */
export function rptObjective(training: TrainingContext): Objective {
  const {config, data, model} = training
  if (data.trainPositions.length === 0)
    throw new DataError(`${data.folder} has no training positions; prepare it with a proxy and a lower threshold`)
  const maxTokens = promptLimit(config, model)
  const order = new VisitOrder(data.trainPositions.length, config.seed, 'contexts')
  const promptAt = (visit: number): Prompt => {
    const {docId, position, difficulty} = data.trainPositions.at(order.at(visit))
    const document = data.documents.get(docId)
    const context = contextAt(document, position, difficulty, data.tokenizer, config.reward.maxReferenceTokens)
    return renderPrompt(data.tokenizer, config.prompt, context, maxTokens)
  }
  return {
    async step(step, visits, keep) {
      const sampled = await sampleGroups(training, step, visits, promptAt)
      const rewards = sampled.groups.map((group) => group.rewards.map((reward) => reward.total))
      const advantages = groupAdvantages(rewards, config.grpo)
      const rollouts = rolloutRows(step, sampled, advantages, training)
      keep({kind: 'rollouts', rollouts})
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
  const seen = new Map<string, number>()
  let live: Group[] = []
  let uniformsNearStep = 0
  let refills = 0
  do {
    const wanted = contextsPerStep - (isDynamic ? live.length : 0)
    const prompts = Array.from({length: wanted}, (_, i) => promptAt(visits + generated.length + i))
    const repeats = prompts.map((prompt) => countVisit(seen, prompt))
    const rollouts = await rollout(training, prompts, step, repeats)
    const groups = prompts.map((prompt, i) => gradeGroup(training, prompt, rollouts.completions[i]))
    generated.push(...groups)
    uniformsNearStep += rollouts.uniformsNearStep
    live = isDynamic ? [...live, ...groups.filter(carriesSignal)] : groups
  } while (isDynamic && live.length < contextsPerStep && refills++ < dynamicSampling.maxRefills)
  // A step without any signal still says what it saw.
  const groups = live.length > 0 ? live : generated.slice(0, contextsPerStep)
  return {groups, visits: generated.length, dropped: generated.length - groups.length, generated, uniformsNearStep}
}

/** How often a prompt's position came before in this step. */
function countVisit(seen: Map<string, number>, {context: {docId, position}}: Prompt): number {
  const key = `${docId}\n${position}`
  const before = seen.get(key) ?? 0
  seen.set(key, before + 1)
  return before
}

function rollout(
  {config, engine, model}: TrainingContext,
  prompts: readonly Prompt[],
  step: number,
  repeats: readonly number[],
) {
  return rolloutPrompts(engine, prompts, {
    ...config.rollout,
    groupSize: config.grpo.groupSize,
    endIds: model.endIds,
    repeats,
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
): Promise<UpdateMetrics> {
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
