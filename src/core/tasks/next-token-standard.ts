import {batchesWithin} from '../engine/scoring/score.js'
import {promptLimit} from '../prompts/prompt-limit.js'
import {contextRoom, cutContext} from '../prompts/prompts.js'
import type {Context, Target} from '../records/records.js'
import {chunksOf} from '../util/chunks-of.js'
import {DataError, UsageError} from '../util/errors.js'
import {maxOf} from '../util/extremes.js'
import {groupBy} from '../util/group-by.js'
import {joinIds} from '../util/join-ids.js'
import type {Answering, ItemPredictions, StandardMode, Task, TaskOpening} from './task.js'

/** Positions that are answered together, so that progress moves and little is in memory. */
const positionsPerCall = 256
/** Documents that are scored together at the most; no result depends on it. */
const documentsPerCall = 256
/** Their tokens, unless one alone has more. */
const tokensPerCall = 2 ** 15

/** What the task says of positions. */
export interface Positions extends Pick<Task<Context>, 'keyOf' | 'factsOf'> {
  contextOf(target: Target): Context
  isRight(answer: Uint8Array, context: Context): boolean
}

/**
 * The standard mode of next-token prediction: the most probable next token of the plain context, no thought; of as much
 * context as `standardRoom` leaves.
 */
export function standardMode(opening: TaskOpening, positions: Positions): StandardMode {
  const {config, data} = opening
  const {room, reason} = standardRoom(opening)
  return {
    note: reason && `mode standard sees whole contexts, because mode reasoning would have no prompt: ${reason}`,
    longest: () => Math.max(0, maxOf(data.documents.in('val').lengths)),
    settings: {'eval.standardContext': config.eval.standardContext},
    async *predict(indices, answering) {
      for (const documents of byDocuments(opening, targetsOf(data.heldOutPositions, indices))) {
        const top1 = await topOfDocuments(opening, answering, documents, room)
        for (const chunk of chunksOf(documents, positionsPerCall)) {
          for (const {target, ...answer} of await answersOf(opening, answering, chunk, top1, room))
            yield predictionOf(positions, positions.contextOf(target), answer)
          answering.advance(chunk.length)
        }
      }
    },
  }
}

/** The most probable next token of each position, as bytes. */
async function answersOf(
  {data, config}: TaskOpening,
  answering: Answering,
  chunk: readonly Target[],
  top1: ReadonlyMap<string, Int32Array>,
  room: number,
): Promise<({target: Target} & Answer)[]> {
  const cuts = chunk.map(({docId, position}) => {
    const cut = cutContext(data.tokenizer, data.documents.get(docId).tokenIds.subarray(0, position), room)
    // What is whole needs no copy of its own.
    return cut.cutTokens === 0 ? uncut : cut
  })
  const topOfCut = await topOfCuts({data, config}, answering, cuts)
  return chunk.map((target, i) => {
    const next = topOfCut.get(cuts[i]) ?? top1.get(target.docId)![target.position - 1]
    const {kept, cutTokens} = cuts[i]
    const contextTokens = cutTokens === 0 ? target.position : Number(data.tokenizer.startId !== null) + kept.length
    return {target, answer: data.tokenizer.bytesOf(next), cutTokens, contextTokens}
  })
}

/** The most probable next token, and what it was predicted from. */
interface Answer {
  readonly answer: Uint8Array
  readonly cutTokens: number
  /** Tokens that the model saw. */
  readonly contextTokens: number
}

const uncut = {kept: new Int32Array(), cutTokens: 0}

function predictionOf(
  {keyOf, factsOf, isRight}: Positions,
  context: Context,
  {answer, cutTokens, contextTokens}: Answer,
): ItemPredictions {
  const lengths = {promptTokens: contextTokens, completionTokens: [1]}
  return {
    key: keyOf(context),
    facts: factsOf(context),
    predictions: [
      {answer, correct: isRight(answer, context), outcome: null, text: null, answerTokens: 1, cutTokens, lengths},
    ],
  }
}

/**
 * Tokens of context that mode standard predicts from at the most, the start token aside: as many as a prompt of mode
 * reasoning holds (`eval.standardContext`), so that both see the same. Infinite where it sees all, with the reason where
 * mode reasoning would have no prompt at all.
 */
function standardRoom({config, data, model}: TaskOpening): {readonly room: number; readonly reason?: string} {
  const whole = Number.POSITIVE_INFINITY
  if (config.eval.standardContext === 'whole') return {room: whole}
  try {
    return {room: contextRoom(data.tokenizer, config.prompt, promptLimit(config, model))}
  } catch (error) {
    if (error instanceof UsageError || error instanceof DataError) return {room: whole, reason: error.message}
    throw error
  }
}

function* targetsOf(positions: TaskOpening['data']['heldOutPositions'], indices: Iterable<number>): Generator<Target> {
  for (const index of indices) yield positions.at(index)
}

/** Positions in pieces of whole documents, few enough to be scored together. */
function* byDocuments({data}: TaskOpening, positions: Iterable<Target>): Generator<Target[]> {
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

/** The most probable next tokens of every document of some positions, each scored once. */
async function topOfDocuments(
  {config, data, model}: TaskOpening,
  {engine, checkNotStopped}: Answering,
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
    checkNotStopped()
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
  {config, data}: Pick<TaskOpening, 'config' | 'data'>,
  {engine, checkNotStopped}: Answering,
  cuts: readonly C[],
): Promise<Map<C, number>> {
  checkNotStopped()
  const {startId} = data.tokenizer
  const shortened = cuts.filter(({cutTokens}) => cutTokens > 0)
  if (shortened.length === 0) return new Map()
  // A score is of a token given those before it; which token ends the sequence changes no prediction.
  const sequences = shortened.map(({kept}) => joinIds(startId === null ? [] : [startId], kept, kept.subarray(-1)))
  const scores = await engine.score(sequences, config.data)
  return new Map(shortened.map((cut, i) => [cut, scores[i].top1.at(-1)!]))
}
