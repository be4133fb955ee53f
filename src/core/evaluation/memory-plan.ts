import type {Config} from '../config/schema.js'
import {languageModelShape, policyContexts, policyShape} from '../engine/graphs/shapes.js'
import type {MemoryDemand, SizeSetting} from '../engine/memory/check-memory.js'
import type {EngineWork, GraphWork, WorkKind} from '../engine/memory/memory.js'
import {largestScoreShape} from '../engine/memory/score-memory.js'
import type {ModelConfig} from '../models/model-config.js'
import {promptLimit} from '../objectives/objective.js'
import type {PreparedData} from '../prepared/prepared.js'
import {contextAt} from '../prompts/contexts.js'
import {renderPrompt} from '../prompts/prompts.js'
import type {Partition, Target} from '../records/records.js'
import {contextsPerBatch, positionsPerCall} from './predict.js'

/** Longest texts that a command will meet, tokens; infinite where the data is not known. */
export interface Lengths {
  readonly prompt: number
  /** A prompt of the held-out documents. */
  readonly heldOutPrompt: number
  readonly trainDocument: number
  readonly heldOutDocument: number
  /** A row of `sft.completions`; absent where it is not known. */
  readonly completion?: number
}

/** Of data that is not there yet. */
export const unknownLengths: Lengths = {
  prompt: Number.POSITIVE_INFINITY,
  heldOutPrompt: Number.POSITIVE_INFINITY,
  trainDocument: Number.POSITIVE_INFINITY,
  heldOutDocument: Number.POSITIVE_INFINITY,
}

/** The longest documents of prepared data, and the longest prompts that its positions make. */
export function lengthsOf(data: PreparedData, config: Config): Lengths {
  return {
    prompt: longestPrompt(data, data.trainPositions, config),
    heldOutPrompt: longestPrompt(data, data.heldOutPositions, config),
    trainDocument: longestOf(data, 'train'),
    heldOutDocument: longestOf(data, 'val'),
  }
}

function longestOf({documents}: PreparedData, partition: Partition): number {
  return documents.in(partition).lengths.reduce((longest, length) => Math.max(longest, length), 0)
}

function longestPrompt(data: PreparedData, positions: Iterable<Target>, config: Config): number {
  let latest: Target | undefined
  for (const target of positions) if (!latest || target.position > latest.position) latest = target
  if (!latest) return 0
  const {docId, position, difficulty} = latest
  const {maxReferenceTokens} = config.reward
  const context = contextAt(data.documents.get(docId), position, difficulty, data.tokenizer, maxReferenceTokens)
  return renderPrompt(data.tokenizer, config.prompt, context, Number.POSITIVE_INFINITY).ids.length
}

/** The settings that decide how large graphs are; each is bounded by what training or evaluation can reach. */
const sizeSettings: readonly {
  readonly setting: string
  readonly kinds: readonly WorkKind[]
  readonly least: number
  read(config: Config): number
  write(config: Config, value: number): Config
}[] = [
  {
    setting: 'grpo.contextsPerMicroBatch',
    kinds: ['policy', 'reference'],
    least: 1,
    read: ({grpo}) => grpo.contextsPerMicroBatch,
    write: (config, contextsPerMicroBatch) => ({...config, grpo: {...config.grpo, contextsPerMicroBatch}}),
  },
  {
    setting: 'rollout.contextsPerBatch',
    kinds: ['rollout'],
    least: 1,
    read: ({rollout}) => rollout.contextsPerBatch,
    write: (config, contextsPerBatch) => ({...config, rollout: {...config.rollout, contextsPerBatch}}),
  },
  {
    setting: 'train.rowsPerMicroBatch',
    kinds: ['languageModel'],
    least: 1,
    read: ({train}) => train.rowsPerMicroBatch,
    write: (config, rowsPerMicroBatch) => ({...config, train: {...config.train, rowsPerMicroBatch}}),
  },
  {
    setting: 'data.batchTokens',
    kinds: ['score'],
    least: 16,
    read: ({data}) => data.batchTokens,
    write: (config, batchTokens) => ({...config, data: {...config.data, batchTokens}}),
  },
  {
    setting: 'train.maxRowTokens',
    kinds: ['languageModel'],
    least: 16,
    read: ({train}) => train.maxRowTokens,
    write: (config, maxRowTokens) => ({...config, train: {...config.train, maxRowTokens}}),
  },
  {
    setting: 'rollout.maxTokens',
    kinds: ['policy', 'reference', 'rollout'],
    least: 16,
    read: ({rollout}) => rollout.maxTokens,
    write: (config, maxTokens) => ({...config, rollout: {...config.rollout, maxTokens}}),
  },
  {
    setting: 'prompt.maxTokens',
    kinds: ['policy', 'reference', 'rollout'],
    least: 64,
    read: ({prompt}) => prompt.maxTokens,
    write: (config, maxTokens) => ({...config, prompt: {...config.prompt, maxTokens}}),
  },
  {
    setting: 'grpo.groupSize',
    kinds: ['policy', 'reference', 'rollout'],
    least: 2,
    read: ({grpo}) => grpo.groupSize,
    write: (config, groupSize) => ({...config, grpo: {...config.grpo, groupSize}}),
  },
]

/** Work of a command as a demand: the settings are those that make its graphs smaller. */
export function demandOf(config: Config, workOf: (config: Config) => EngineWork): MemoryDemand {
  const work = workOf(config)
  const kinds = new Set<WorkKind>(Object.keys(work) as WorkKind[])
  const sizes = sizeSettings
    .filter((size) => size.kinds.some((kind) => kinds.has(kind)))
    .map(
      ({setting, kinds: shrunk, least, read, write}): SizeSetting => ({
        setting,
        kinds: shrunk,
        least,
        value: read(config),
        at: (value) => workOf(write(config, value)),
      }),
    )
  return {work, device: config.device, sizes}
}

/** What a training run asks of the engine at most. */
export function trainingDemand(config: Config, model: ModelConfig, lengths: Lengths): MemoryDemand {
  return demandOf(config, (settings) => {
    const own =
      settings.train.objective === 'rpt' ? rptWork(settings, model, lengths) : rowWork(settings, model, lengths)
    const evaluated = settings.eval.every > 0 ? evaluationGraphs(settings, model, lengths) : {}
    return {...own, ...evaluated, rollout: larger(own.rollout, evaluated.rollout)}
  })
}

/** What an evaluation asks of the engine at most. */
export function evaluationDemand(config: Config, model: ModelConfig, lengths: Lengths): MemoryDemand {
  return demandOf(config, (settings) => ({model, ...evaluationGraphs(settings, model, lengths)}))
}

function rptWork(config: Config, model: ModelConfig, lengths: Lengths): EngineWork {
  const {grpo, rollout} = config
  const {contextsPerStep, contextsPerMicroBatch, miniBatches, groupSize} = grpo
  const promptTokens = Math.min(promptLimit(config, model), lengths.prompt)
  const perUpdate = Math.ceil(contextsPerStep / miniBatches)
  const contexts = policyContexts(perUpdate, contextsPerMicroBatch)
  const completionTokens = rollout.maxTokens
  const trainedTokens = Math.min(perUpdate, contextsPerMicroBatch) * groupSize * completionTokens
  return {
    model,
    objective: grpo,
    hasReference: grpo.klCoef > 0,
    isAccumulated: perUpdate > contextsPerMicroBatch,
    policy: policyShape({contexts, groupSize, promptTokens, completionTokens, trainedTokens}),
    rollout: {
      contexts: Math.min(rollout.contextsPerBatch, contextsPerStep),
      groupSize,
      promptTokens,
      maxTokens: rollout.maxTokens,
    },
  }
}

/** Rows are a document and its end token, or a prompt and completion. */
function rowWork({train, sft}: Config, model: ModelConfig, lengths: Lengths): EngineWork {
  const isMixed = train.objective === 'sft' && sft.documentShare < 1
  const completion = isMixed ? (lengths.completion ?? Number.POSITIVE_INFINITY) : 0
  const document = train.objective === 'ntp' || sft.documentShare > 0 ? lengths.trainDocument + 1 : 0
  const known = Math.max(completion, document)
  const rowTokens = Math.min(train.maxRowTokens, model.maxPositions + 1, known)
  const rows = Math.min(train.rowsPerMicroBatch, train.batchRows)
  return {
    model,
    isAccumulated: train.batchRows > rows,
    languageModel: languageModelShape(rows, rowTokens, rows * (rowTokens - 1)),
  }
}

function evaluationGraphs(config: Config, model: ModelConfig, lengths: Lengths): GraphWork {
  const {modes, samples} = config.eval
  const sampled = modes.some((mode) => mode !== 'standard')
  const groupSize = modes.includes('reasoning') && samples > 0 ? samples : 1
  const score = modes.includes('standard')
    ? largestScoreShape(
        config.data,
        Math.min(finite(lengths.heldOutDocument, config.data.batchTokens), model.maxPositions),
      )
    : undefined
  const rolloutOf = (size: number) => ({
    contexts: Math.min(contextsPerBatch(config, size), positionsPerCall, config.eval.limit ?? positionsPerCall),
    groupSize: size,
    promptTokens: Math.min(promptLimit(config, model), lengths.heldOutPrompt),
    maxTokens: config.rollout.maxTokens,
  })
  return {score, ...(sampled && {rollout: larger(rolloutOf(1), rolloutOf(groupSize))})}
}

/** A length, or what is taken for it where the data is not known. */
function finite(length: number, otherwise: number): number {
  return Number.isFinite(length) ? length : otherwise
}

type Rollout = NonNullable<GraphWork['rollout']>

/** Of two rollouts the one with more rows and context. */
function larger(one: Rollout | undefined, other: Rollout | undefined): Rollout | undefined {
  const size = (sizes: Rollout | undefined) =>
    sizes ? sizes.contexts * (sizes.promptTokens + sizes.groupSize * sizes.maxTokens) : 0
  return size(other) > size(one) ? other : one
}
