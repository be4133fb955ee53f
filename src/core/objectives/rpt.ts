import {chunks} from '../engine/graphs/bucket.js'
import type {PolicyGroup, PolicyUpdate} from '../engine/update/policy-update.js'
import {groupAdvantages} from '../grpo/advantages.js'
import {contextAt} from '../prompts/contexts.js'
import {renderPrompt} from '../prompts/prompts.js'
import type {Group, Prompt} from '../records/records.js'
import {NumericError} from '../util/errors.js'
import {firstOnly} from '../util/progress.js'
import {cutNote, type Objective, optimizerAt, promptLimit, type TrainingContext} from './objective.js'
import {VisitOrder} from './order.js'
import {resultOf, rolloutRows} from './rpt-records.js'
import {sampleGroups, shortageOf} from './sample-groups.js'

/**
 * Reinforcement Pre-Training (RPT, Eq. 4): contexts -> rollouts -> rewards -> advantages -> update.
 *
 * Contexts are the kept training positions in seeded order; each gets G completions, a reward each, and group-normalised
 * advantages; one GRPO update follows per mini-batch that carries signal.
 */
export function rptObjective(training: TrainingContext): Objective {
  const {config, data, model, progress} = training
  const maxTokens = promptLimit(config, model)
  const order = new VisitOrder(data.trainPositions.length, config.seed, 'contexts')
  const promptAt = (visit: number): Prompt => {
    const {docId, position, difficulty} = data.trainPositions.at(order.at(visit))
    const document = data.documents.get(docId)
    const context = contextAt(document, position, difficulty, data.tokenizer, config.reward.maxReferenceTokens)
    return renderPrompt(data.tokenizer, config.prompt, context, maxTokens)
  }
  const warnOfCut = firstOnly(progress.warn)
  const warnOfShortage = firstOnly(progress.warn)
  return {
    async step(step, visits, keep) {
      const sampled = await sampleGroups(training, step, visits, promptAt)
      const cut = sampled.generated.find(({prompt}) => prompt.cutTokens > 0)
      if (cut) warnOfCut(`train: step ${step}: ${cutNote(config, model, cut.prompt)}; see rpt/cut_prompts`)
      const rewards = sampled.groups.map((group) => group.rewards.map((reward) => reward.total))
      const advantages = groupAdvantages(rewards, config.grpo)
      const rollouts = rolloutRows(step, sampled, advantages, training)
      keep({kind: 'rollouts', rollouts})
      checkFinite(sampled.generated)
      const shortage = shortageOf(config.grpo, sampled)
      if (shortage) warnOfShortage(`train: step ${step}: ${shortage}`)
      const updates = await updatePolicy(training, step, sampled.groups, advantages)
      return resultOf(training, sampled, advantages, updates, rollouts)
    },
  }
}

/**
 * A model that is broken earns nothing, so that no update would find it out.
 *
 * @throws {NumericError} at a log-probability that is not finite
 */
function checkFinite(groups: readonly Group[]): void {
  for (const {prompt, completions} of groups)
    for (const {oldLogprobs} of completions) {
      const broken = oldLogprobs.find((logprob) => !Number.isFinite(logprob))
      if (broken === undefined) continue
      const {docId, position} = prompt.context
      throw new NumericError(
        `the model gives a token sampled for ${docId} position ${position} the log-probability ${broken}; expected a finite number`,
        {suggestions: ['lower optim.learningRate, and go on from an earlier checkpoint']},
      )
    }
}

/** advantages -> update: one AdamW step per mini-batch that has something to learn from; the first is on-policy. */
async function updatePolicy(
  {config, engine}: TrainingContext,
  step: number,
  groups: readonly Group[],
  advantages: readonly (readonly number[])[],
): Promise<PolicyUpdate[]> {
  const {grpo, rollout} = config
  const policyGroups = groups.map(
    ({prompt, completions}, i): PolicyGroup => ({promptIds: prompt.ids, completions, advantages: advantages[i]}),
  )
  const size = Math.ceil(policyGroups.length / grpo.miniBatches)
  const updates: PolicyUpdate[] = []
  for (const miniBatch of chunks(policyGroups, size)) {
    const request = {
      groups: miniBatch,
      temperature: rollout.temperature,
      objective: {clipEpsilon: grpo.clipEpsilon, klCoef: grpo.klCoef, entropyCoef: grpo.entropyCoef},
      lossNormalizer: grpo.lossNormalizer,
      contextsPerMicroBatch: grpo.contextsPerMicroBatch,
      mismatchLimit: grpo.mismatchLimit,
      optimizer: optimizerAt(step, config),
    }
    const update = await engine.updatePolicy(request, updates.length === 0)
    if (update) updates.push(update)
  }
  return updates
}
