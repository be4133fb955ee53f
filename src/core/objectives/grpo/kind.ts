import type {RewardName, TaskName} from '../../config/names.js'
import type {Config} from '../../config/schema.js'
import {policyContexts, policyShape} from '../../engine/graphs/shapes.js'
import type {EngineWork} from '../../engine/memory/engine-work.js'
import {largestLogprobShape} from '../../engine/memory/score-memory.js'
import {asksPolicy} from '../../grpo/losses.js'
import type {ModelConfig} from '../../models/model-config.js'
import {promptLimit} from '../../prompts/prompt-limit.js'
import type {ItemTraits} from '../../records/records.js'
import {asksModel, checkTerms, needsAverage, type TermSettings} from '../../rewards/terms.js'
import {checkTaskPrompts} from '../../tasks/check-prompts.js'
import type {Task, TaskKind} from '../../tasks/task.js'
import {checkItems, tasks} from '../../tasks/tasks.js'
import {RuntimeFailure} from '../../util/errors.js'
import {plural} from '../../util/plural.js'
import type {ObjectiveKind} from '../objective.js'
import {documentRows, rowWork} from '../rows/rows.js'
import {startGrpo} from './grpo.js'
import {openItemOrder} from './item-order.js'
import {jointRows} from './joint-rows.js'

/**
 * GRPO on the items of a task: `rpt` is that of next-token prediction, `rlvr` that of questions.
 *
 * @param reward the one term where `reward.terms` names none
 */
export function grpo(taskName: TaskName, reward: RewardName): ObjectiveKind {
  const kind: TaskKind = tasks[taskName]
  const termsOf = (config: Config): TermSettings => config.reward.terms ?? [{name: reward, weight: 1}]
  return {
    teaches: 'thoughts',
    lossName: (policyLoss) => `policy, ${policyLoss}`,
    task: taskName,
    needs: ({grpo: {ntpCoef}}) => [...new Set([...kind.needs, ...(ntpCoef > 0 ? ['data.dir'] : [])])],
    files: (config) => kind.files(config),
    batch: groupIdentity,
    leaves: ['rollouts/step-*.arrow', 'ledger.arrow'],
    trainedPrompt: (run, task) => (task === taskName ? run : 'none'),
    async open({config, model, texts, data, isTaught, warn}) {
      checkTerms(termsOf(config), kind.readsDocuments)
      const warnOfPrompt = isTaught ? undefined : warn
      const instruction = texts ? checkTaskPrompts(kind, config, model, texts.tokenizer, warnOfPrompt) : undefined
      const known = kind.readsDocuments ? data : texts
      // A rehearsal may come without its files.
      const isNamed = Object.values(kind.files(config)).every((file) => file !== undefined)
      const task = known && isNamed ? await kind.open({config, data: known, model, warn}) : null
      if (task) checkItems(task, 'train')
      const order = task && openItemOrder(config, task)
      const documents = config.grpo.ntpCoef > 0 && data ? documentRows(config, model, data, warn) : null
      const longest = task ? task.longestPrompt('train') : Number.POSITIVE_INFINITY
      return {
        instruction,
        order: order?.notes,
        ...(task && {items: {task: task.name, all: () => trainingTraits(task)}}),
        cutDocuments: documents?.cut,
        work: (settings) =>
          joinedBy(
            workOf(settings, model, longest, termsOf(settings)),
            settings.grpo.ntpCoef > 0 ? rowWork(settings, model, documents?.longest ?? Number.POSITIVE_INFINITY) : null,
            settings.grpo.miniBatches,
          ),
        async start(training) {
          if (!task || !order || !texts) throw new RuntimeFailure('train: a rehearsal cannot start')
          return startGrpo(training, task, texts.tokenizer, {
            terms: termsOf(config),
            rowsOf: jointRows(training.config, documents?.rowAt ?? null),
            order,
          })
        },
      }
    },
  }
}

function workOf(config: Config, model: ModelConfig, longest: number, terms: TermSettings): EngineWork {
  const {grpo: settings, rollout} = config
  const {contextsPerStep, contextsPerMicroBatch, miniBatches, groupSize} = settings
  const {parts, perPart} = partsOfGroup(settings)
  const promptTokens = Math.min(promptLimit(config, model), longest)
  const perUpdate = Math.ceil(contextsPerStep / miniBatches)
  const contexts = policyContexts(perUpdate * parts, contextsPerMicroBatch)
  const completionTokens = rollout.maxTokens
  const trainedTokens = Math.min(perUpdate * parts, contextsPerMicroBatch) * perPart * completionTokens
  const microBatches = Math.ceil((perUpdate * parts) / contextsPerMicroBatch)
  const isAsked = asksPolicy(settings, miniBatches)
  return {
    model,
    objective: settings,
    hasReference: settings.klCoef > 0,
    asksPolicy: isAsked,
    hasAverage: needsAverage(terms),
    isAccumulated: microBatches > 1,
    times: {
      rollout: Math.ceil(contextsPerStep / rollout.contextsPerBatch),
      policy: miniBatches * microBatches,
      asked: microBatches * ((settings.klCoef > 0 ? miniBatches : 0) + (isAsked ? miniBatches - 1 : 0)),
    },
    policy: policyShape({contexts, groupSize: perPart, promptTokens, completionTokens, trainedTokens}),
    rollout: {
      contexts: Math.min(rollout.contextsPerBatch, contextsPerStep),
      groupSize,
      promptTokens,
      maxTokens: rollout.maxTokens,
    },
    ...(asksModel(terms) && {logprobs: queryShape(config, model, longest)}),
  }
}

/** What is known of each training item, in their order. */
function* trainingTraits({size, traitsAt}: Pick<Task<unknown>, 'size' | 'traitsAt'>): Generator<ItemTraits> {
  for (let index = 0; index < size.train; index++) yield traitsAt(index)
}

/** With rows of text in each of so many updates, where there are some. */
function joinedBy(work: EngineWork, rows: EngineWork | null, updates: number): EngineWork {
  if (!rows) return work
  const languageModel = updates * (rows.times?.languageModel ?? 1)
  return {...work, languageModel: rows.languageModel, isAccumulated: true, times: {...work.times, languageModel}}
}

/** Queries of one token after a whole context, or after a prompt and a thought. */
function queryShape({data, rollout}: Config, {maxPositions}: ModelConfig, longest: number) {
  const promptTokens = Math.min(maxPositions - 1, longest + rollout.maxTokens)
  return largestLogprobShape(data.batchTokens, {promptTokens, continuationTokens: 1})
}

/** Parts that the completions of a context are computed in, and completions of the largest. */
function partsOfGroup({groupSize, completionsPerMicroBatch = groupSize}: Config['grpo']) {
  const parts = Math.ceil(groupSize / completionsPerMicroBatch)
  return {parts, perPart: Math.ceil(groupSize / parts)}
}

/** contexts x G = completions = micro-batches x contexts x G, or x parts of G. */
function groupIdentity({grpo: settings}: Config): string {
  const {contextsPerStep, groupSize, miniBatches, contextsPerMicroBatch} = settings
  const perUpdate = Math.ceil(contextsPerStep / miniBatches)
  const {parts, perPart} = partsOfGroup(settings)
  const micro = Math.ceil((perUpdate * parts) / contextsPerMicroBatch)
  return `${contextsPerStep} contexts x ${groupSize} = ${contextsPerStep * groupSize} completions = ${plural(miniBatches, 'update')} x ${plural(micro, 'micro-batch', 'micro-batches')} x ${contextsPerMicroBatch} contexts x ${perPart}`
}
