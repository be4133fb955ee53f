import type {Config} from '../config/schema.js'
import type {Engine} from '../engine/engine.js'
import {batchesWithin} from '../engine/scoring/score.js'
import type {ModelConfig} from '../models/model-config.js'
import {promptLimit} from '../objectives/objective.js'
import type {Targets} from '../prepared/kept-positions.js'
import type {PreparedData} from '../prepared/prepared.js'
import {contextAt} from '../prompts/contexts.js'
import {contextRoom, cutContext, opensThought, renderPrompt} from '../prompts/prompts.js'
import type {Completion, Context, Prompt, Reward, Target} from '../records/records.js'
import {prefixReward} from '../rewards/prefix-match.js'
import {rewardFor} from '../rewards/reward.js'
import {rolloutPrompts} from '../samplers/rollout.js'
import type {PredictionRow} from '../tables/index.js'
import {DataError, Interrupted, UsageError} from '../util/errors.js'
import {groupBy} from '../util/group-by.js'
import {joinIds} from '../util/join-ids.js'
import type {Stage} from '../util/progress.js'

/** How a prediction is made: see `eval.modes`. */
export type EvalMode = Config['eval']['modes'][number]

/** What predictions are made with. */
export interface Predictor {
  readonly config: Config
  readonly data: PreparedData
  readonly engine: Engine
  readonly model: ModelConfig
  /** Ends the predictions between two calls of the engine; absent where training or a sweep finishes them first. */
  readonly signal?: AbortSignal
}

/** Positions that are predicted by one call, so that progress moves and little is in memory. */
export const positionsPerCall = 256
/** Documents that are scored together at the most; no result depends on it. */
const documentsPerCall = 256
/** Their tokens, unless one alone has more. */
const tokensPerCall = 2 ** 15

/** The rows of one position: the greedy prediction, then those that were sampled. */
export type PositionRows = readonly PredictionRow[]

/** How each mode predicts. Every mode is graded by the same rule, the prefix-matching reward. */
const modes: Readonly<
  Record<EvalMode, (predictor: Predictor, positions: Targets, stage: Stage) => AsyncGenerator<PositionRows>>
> = {
  standard: predictStandard,
  reasoning: (predictor, positions, stage) => predictByReasoning(predictor, positions, stage, 'reasoning', null),
  'forced-thought': (predictor, positions, stage) =>
    predictByReasoning(predictor, positions, stage, 'forced-thought', predictor.config.eval.forcedThought),
  'empty-thought': (predictor, positions, stage) =>
    predictByReasoning(predictor, positions, stage, 'empty-thought', ''),
}

/** Predicts every position in one mode, in their order; no more rows are in memory than one call gives. */
export function predict(
  predictor: Predictor,
  positions: Targets,
  mode: EvalMode,
  stage: Stage,
): AsyncGenerator<PositionRows> {
  return modes[mode](predictor, positions, stage)
}

const uncut = {kept: new Int32Array(), cutTokens: 0}

/** The most probable next token of the plain context, no thought; of as much context as `standardRoom` leaves. */
async function* predictStandard(predictor: Predictor, positions: Targets, stage: Stage): AsyncGenerator<PositionRows> {
  const {config, data} = predictor
  const {room} = standardRoom(predictor)
  for (const documents of byDocuments(predictor, positions)) {
    const top1 = await topOfDocuments(predictor, documents, room)
    for (const chunk of chunksOf(documents, positionsPerCall)) {
      const cuts = chunk.map(({docId, position}) => {
        const cut = cutContext(data.tokenizer, data.documents.get(docId).tokenIds.subarray(0, position), room)
        // What is whole needs no copy of its own.
        return cut.cutTokens === 0 ? uncut : cut
      })
      const topOfCut = await topOfCuts(predictor, cuts)
      for (const [i, position] of chunk.entries()) {
        const next = topOfCut.get(cuts[i]) ?? top1.get(position.docId)![position.position - 1]
        const prediction = data.tokenizer.bytesOf(next)
        const {truth, boundaries} = contextOf(config, data, position)
        yield [
          {
            ...identity(position, 'standard'),
            sample: 0,
            prediction,
            truth,
            correct: prefixReward(prediction, truth, boundaries) === 1,
            outcome: null,
            completion_text: null,
            cut_tokens: cuts[i].cutTokens,
          },
        ]
      }
      stage.advance(chunk.length)
    }
  }
}

function* chunksOf(positions: Iterable<Target>, size: number): Generator<Target[]> {
  let chunk: Target[] = []
  for (const position of positions) {
    chunk.push(position)
    if (chunk.length < size) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}

/** Positions in pieces of whole documents, few enough to be scored together. */
function* byDocuments({data}: Predictor, positions: Targets): Generator<Target[]> {
  let piece: Target[] = []
  let documents = 0
  let tokens = 0
  for (const position of positions) {
    if (position.docId !== piece.at(-1)?.docId) {
      const {length} = data.documents.get(position.docId).tokenIds
      if (documents >= documentsPerCall || (documents > 0 && tokens + length > tokensPerCall)) {
        yield piece
        piece = []
        documents = 0
        tokens = 0
      }
      documents++
      tokens += length
    }
    piece.push(position)
  }
  if (piece.length > 0) yield piece
}

/**
 * Tokens of context that mode standard predicts from at the most, the start token aside: as many as a prompt of mode
 * reasoning holds (`eval.standardContext`), so that both see the same. Infinite where it sees all, with the reason where
 * mode reasoning would have no prompt at all.
 */
export function standardRoom({config, data, model}: Predictor): {readonly room: number; readonly reason?: string} {
  const whole = Number.POSITIVE_INFINITY
  if (config.eval.standardContext === 'whole') return {room: whole}
  try {
    return {room: contextRoom(data.tokenizer, config.prompt, promptLimit(config, model))}
  } catch (error) {
    if (error instanceof UsageError || error instanceof DataError) return {room: whole, reason: error.message}
    throw error
  }
}

/** The most probable next tokens of every document of some positions, each scored once. */
async function topOfDocuments(
  {config, data, engine, model, signal}: Predictor,
  positions: readonly Target[],
  room: number,
): Promise<Map<string, Int32Array>> {
  const docIds = [...groupBy(positions, ({docId}) => docId).keys()]
  const documents = docIds.map((docId) => data.documents.get(docId))
  const tooLong = documents.find(({tokenIds}) => tokenIds.length > model.maxPositions)
  if (tooLong && !Number.isFinite(room))
    throw new DataError(
      `${tooLong.docId} has ${tooLong.tokenIds.length} tokens; the model takes ${model.maxPositions}`,
      {
        suggestions: [
          'leave eval.standardContext at cut, with prompt.maxTokens and rollout.maxTokens that fit the model',
        ],
      },
    )
  // What is not cut lies within the model's positions; what comes after them is not asked for.
  const sequences = documents.map(({tokenIds}) => tokenIds.subarray(0, model.maxPositions))
  const top1 = new Map<string, Int32Array>()
  for (const batch of batchesWithin(sequences, config.data.batchTokens)) {
    checkNotStopped(signal)
    const scores = await engine.score(
      batch.map((index) => sequences[index]),
      config.data,
    )
    for (const [i, index] of batch.entries()) top1.set(docIds[index], scores[i].top1)
  }
  return top1
}

/** The most probable next token of every context that was cut: the start token and what is left are scored alone. */
async function topOfCuts<C extends {readonly kept: Int32Array; readonly cutTokens: number}>(
  {config, data, engine, signal}: Predictor,
  cuts: readonly C[],
): Promise<Map<C, number>> {
  checkNotStopped(signal)
  const {startId} = data.tokenizer
  const shortened = cuts.filter(({cutTokens}) => cutTokens > 0)
  if (shortened.length === 0) return new Map()
  // A score is of a token given those before it; which token ends the sequence changes no prediction.
  const sequences = shortened.map(({kept}) => joinIds(startId === null ? [] : [startId], kept, kept.subarray(-1)))
  const scores = await engine.score(sequences, config.data)
  return new Map(shortened.map((cut, i) => [cut, scores[i].top1.at(-1)!]))
}

/** One greedy completion per position, then `eval.samples` sampled ones in mode reasoning. */
async function* predictByReasoning(
  predictor: Predictor,
  positions: Targets,
  stage: Stage,
  mode: EvalMode,
  thought: string | null,
): AsyncGenerator<PositionRows> {
  const {config} = predictor
  for (const chunk of chunksOf(positions, positionsPerCall)) {
    const prompts = chunk.map((position) => promptOf(predictor, position, thought))
    const greedy = await complete(predictor, prompts, 1, true)
    const samples =
      mode === 'reasoning' && config.eval.samples > 0
        ? await complete(predictor, prompts, config.eval.samples, false)
        : null
    for (const [i, position] of chunk.entries())
      yield [...greedy[i], ...(samples?.[i] ?? [])].map((completion, sample) =>
        gradedRow(predictor, position, mode, prompts[i], completion, sample, thought),
      )
    stage.advance(chunk.length)
  }
}

async function complete(
  {config, engine, model, signal}: Predictor,
  prompts: readonly Prompt[],
  samples: number,
  greedy: boolean,
) {
  checkNotStopped(signal)
  const {completions} = await rolloutPrompts(engine, prompts, {
    ...config.rollout,
    contextsPerBatch: contextsPerBatch(config, samples),
    groupSize: samples,
    endIds: model.endIds,
    greedy,
    temperature: greedy ? config.rollout.temperature : config.eval.temperature,
    streamKeys: {seed: config.seed, purpose: 'eval', step: 0},
  })
  return completions
}

/** Contexts completed at once: few samples of each let more of them in, so that products stay as large as in training. */
export function contextsPerBatch({rollout, grpo}: Config, samples: number): number {
  return Math.max(1, Math.floor((rollout.contextsPerBatch * grpo.groupSize) / samples))
}

function checkNotStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new Interrupted('evaluation stopped; the checkpoint under way is not saved, those before it are', {
      suggestions: ['continue with --resume'],
    })
}

/** The prompt of a position; a given thought is already thought at its end. */
function promptOf({config, data, model}: Predictor, position: Target, thought: string | null): Prompt {
  const context = contextOf(config, data, position)
  const given = thought === null ? [] : thoughtIds(config, data, thought)
  const limit = promptLimit(config, model, given.length)
  const prompt = renderPrompt(data.tokenizer, config.prompt, context, limit)
  return {...prompt, ids: joinIds(prompt.ids, given)}
}

/** A whole thought; its beginning is marked unless the prompt has done so. */
function thoughtIds({prompt}: Config, {tokenizer}: PreparedData, thought: string): Int32Array {
  const opening = opensThought(tokenizer, prompt) ? '' : '<think>'
  return tokenizer.encodeMarkup(`${opening}${thought}</think>`)
}

function gradedRow(
  {config, data}: Predictor,
  position: Target,
  mode: EvalMode,
  {context, cutTokens}: Prompt,
  completion: Completion,
  sample: number,
  thought: string | null,
): PredictionRow {
  const given = thought === null ? [] : thoughtIds(config, data, thought)
  const whole = {...completion, ids: joinIds(given, completion.ids)}
  const reward: Reward = rewardFor('prefix-match', data.tokenizer, context, whole)
  return {
    ...identity(position, mode),
    sample,
    prediction: reward.prediction,
    truth: context.truth,
    correct: reward.total === 1,
    outcome: reward.outcome,
    completion_text: data.tokenizer.decode(whole.ids),
    cut_tokens: cutTokens,
  }
}

function contextOf(config: Config, data: PreparedData, {docId, position, difficulty}: Target): Context {
  return contextAt(data.documents.get(docId), position, difficulty, data.tokenizer, config.reward.maxReferenceTokens)
}

function identity({docId, position, difficulty}: Target, mode: EvalMode) {
  return {doc_id: docId, position, mode, split: difficulty}
}
