import type {Config} from '../../config/schema.js'
import {isComputed} from '../../engine/update/micro-batches.js'
import type {PolicyGroup} from '../../engine/update/policy-request.js'
import {learnedGroups} from '../../grpo/learned-groups.js'
import {lossOf} from '../../grpo/losses.js'
import type {ObjectiveSettings} from '../../grpo/objective.js'
import {type GroupLengths, queryFlops} from '../../models/flops.js'
import {cutNote, promptLimit} from '../../prompts/prompt-limit.js'
import type {ItemTraits, LogprobQuery, ScoredGroup} from '../../records/records.js'
import {needsAverage, openTerms, type TermSettings, trainedSpan, type WeightedTerm} from '../../rewards/terms.js'
import {checkSampled} from '../../samplers/check-sampled.js'
import type {Task} from '../../tasks/task.js'
import type {Tokenizer} from '../../tokenizer/tokenizer.js'
import {chunksOf} from '../../util/chunks-of.js'
import {meanOf} from '../../util/means.js'
import {firstOnly} from '../../util/progress.js'
import {type Cursor, type Objective, optimizerAt, type TrainingContext} from '../objective.js'
import {lengthsOf} from '../rows/rows.js'
import {isSkipped, skippedNote} from '../skipped-update.js'
import type {ItemOrder, Pool} from './item-order.js'
import type {JointRowSource} from './joint-rows.js'
import {resultOf, type TakenUpdate} from './measures.js'
import {rewardGroups} from './reward-groups.js'
import {type SampledGroups, type Sampling, sampleGroups, shortageOf} from './sample-groups.js'

const ifBroken = ['lower optim.learningRate, and continue from an earlier checkpoint']

/** What steps are made of besides the task. */
export interface GrpoParts {
  readonly terms: TermSettings
  readonly rowsOf: JointRowSource
  readonly order: ItemOrder
}

/**
 * Group relative policy optimisation of a task (RPT, Eq. 4): context -> rollout -> reward -> advantage -> update.
 *
 * Items of the training partition come in the given order; each gets G completions, a reward each, and group-normalised
 * advantages; one GRPO update follows per mini-batch that carries signal.
 */
export function startGrpo<Item>(
  training: TrainingContext,
  task: Task<Item>,
  tokenizer: Tokenizer,
  {terms: settings, rowsOf, order}: GrpoParts,
): Objective {
  const {config, engine, model, shape, progress} = training
  const terms = openTerms<Item>(settings, {
    tokenizer,
    maxPositions: model.maxPositions,
    maxTokens: config.rollout.maxTokens,
    settings: config.reward,
  })
  const sampling = samplingOf(training, task, terms, order)
  const warnOfCut = firstOnly(progress.warn)
  const warnOfShortage = firstOnly(progress.warn)
  return {
    async step(step, cursor, keep) {
      const pool = order.poolOf(step)
      const visits = visitsOf(pool, cursor)
      const sampled = await sampleGroups(sampling, step, visits)
      const cut = sampled.generated.find(({prompt}) => prompt.cutTokens > 0)
      if (cut) warnOfCut(`train: step ${step}: ${cutNote(config, model, cut.prompt)}; see rpt/cut_prompts`)
      const {scored, learned} = withAdvantages(sampled, config)
      keep({kind: 'groups', groups: scored})
      for (const {prompt, completions} of sampled.generated)
        for (const {oldLogprobs} of completions) checkSampled(prompt, oldLogprobs, config.precision, ifBroken)
      const shortage = shortageOf(config.grpo, sampled)
      if (shortage) warnOfShortage(`train: step ${step}: ${shortage}`)
      const taken = await takeUpdates(training, step, learned, terms, rowsOf)
      if (needsAverage(settings)) await engine.blendAverage(config.reward.average.tau)
      const hasEnd = model.endIds.length + config.rollout.stop.length > 0
      const result = resultOf({config, shape, hasEnd}, {sampled, scored, learned, taken})
      const drawn = sampled.generated.map((_, i) => task.traitsAt(pool.at(visits + i)))
      return {
        ...result,
        stage: pool.name,
        measures: {...result.measures, contextEntropy: meanEntropy(drawn)},
      }
    },
  }
}

/** Items of a pool that the steps before this one drew. */
function visitsOf({name}: Pool, {visits, stageVisits}: Cursor): number {
  return name === undefined ? visits : (stageVisits?.[name] ?? 0)
}

function samplingOf<Item>(
  {config, engine, model, shape, sampler}: TrainingContext,
  task: Task<Item>,
  terms: readonly WeightedTerm<Item>[],
  order: ItemOrder,
): Sampling<Item> {
  const room = promptLimit(config, model)
  return {
    config,
    task,
    sampler,
    itemAt: (step, visit) => task.itemAt('train', order.poolOf(step).at(visit)),
    promptOf: (item) => task.promptOf(item, room),
    async reward(groups, step) {
      let flops = 0
      const ask = (queries: readonly LogprobQuery[]) => {
        const lengths = queries.map(({prompt, continuation}) => ({
          prompt: prompt.length,
          continuation: continuation.length,
        }))
        flops = queryFlops(shape, lengths)
        return engine.logprobs(queries, config.data)
      }
      const rewarded = await rewardGroups(groups, terms, ask, (step - 1) / Math.max(1, config.train.steps - 1))
      return {groups: rewarded, queryFlops: flops}
    },
  }
}

/** Nats, of the proxy, over the contexts of a step; null where items have none. */
function meanEntropy(drawn: readonly ItemTraits[]): number | null {
  const entropies = drawn.map(({entropy}) => entropy).filter((entropy) => entropy !== null)
  return entropies.length > 0 ? meanOf(entropies) : null
}

/** rewards -> advantages: of all groups, and those of them that are learned from; the advantages of the others are 0. */
function withAdvantages<Item>({generated, kept}: SampledGroups<Item>, {grpo}: Config) {
  const {scored: keptScored, learned} = learnedGroups(kept, lossOf(grpo).kind, grpo)
  const known = new Map(kept.map((group, i) => [group, keptScored[i]]))
  const scored = generated.map((group) => known.get(group) ?? {...group, advantages: group.rewards.map(() => 0)})
  return {scored, learned}
}

/** advantages -> update: one AdamW step per mini-batch that has something to learn from; the first is on-policy. */
async function takeUpdates(
  {config, engine, sampler, updateMode, progress}: TrainingContext,
  step: number,
  groups: readonly ScoredGroup<unknown>[],
  terms: readonly WeightedTerm<never>[],
  rowsOf: JointRowSource,
): Promise<TakenUpdate[]> {
  const {grpo, rollout} = config
  const size = Math.ceil(groups.length / grpo.miniBatches)
  const taken: TakenUpdate[] = []
  for (const [index, miniBatch] of [...chunksOf(groups, size)].entries()) {
    const joint = rowsOf((step - 1) * grpo.miniBatches + index)
    const request = {
      groups: miniBatch.map((group) => policyGroup(group, terms, grpo)),
      temperature: rollout.temperature,
      objective: objectiveOf(grpo),
      lossNormalizer: grpo.lossNormalizer,
      maxTokens: rollout.maxTokens,
      joint,
      contextsPerMicroBatch: grpo.contextsPerMicroBatch,
      completionsPerMicroBatch: grpo.completionsPerMicroBatch,
      mismatchLimit: grpo.mismatchLimit,
      optimizer: optimizerAt(step, config),
      mode: updateMode,
    }
    const isOnPolicy = taken.every((one) => isSkipped(one.update)) && sampler.guarantees.exactLogprobs
    const update = await engine.updatePolicy(request, isOnPolicy)
    if (!update) continue
    if (isSkipped(update)) progress.warn(skippedNote(step, update))
    taken.push({
      ...{update, isOnPolicy},
      groups: request.groups.filter((group) => isComputed(group, request.objective)).map(groupLengths),
      rows: (joint?.rows ?? []).map(lengthsOf),
    })
  }
  return taken
}

function groupLengths({promptIds, completions}: PolicyGroup): GroupLengths {
  return {promptTokens: promptIds.length, completionTokens: completions.map(({ids}) => ids.length)}
}

/** What the update reads of the settings; each objective has graphs of its own, so nothing else may be among it. */
function objectiveOf({loss, clipEpsilon, clipEpsilonHigh, klCoef, entropyCoef}: Config['grpo']): ObjectiveSettings {
  return {loss, clipEpsilon, clipEpsilonHigh, klCoef, entropyCoef}
}

function policyGroup(
  {prompt, completions, advantages}: ScoredGroup<unknown>,
  terms: readonly WeightedTerm<never>[],
  {maskTruncated}: Config['grpo'],
): PolicyGroup {
  const spans = completions.map((completion) => {
    if (maskTruncated && completion.stopReason === 'length') return {from: 0, to: 0}
    return trainedSpan(terms, completion)
  })
  const isPartial = spans.some((span) => span !== undefined)
  const whole = (i: number) => ({from: 0, to: completions[i].ids.length})
  return {
    promptIds: prompt.ids,
    completions,
    advantages,
    ...(isPartial && {spans: spans.map((span, i) => span ?? whole(i))}),
  }
}
