import {checkFinite} from '../../runtime/finite.js'
import {maxOf} from '../../util/extremes.js'
import {type Tell, tellNobody} from '../../util/tell.js'
import {byLength, countBucket, lengthBucket} from '../graphs/bucket.js'
import {type BlockShape, paddedRows} from '../graphs/padded-rows.js'
import {scoreGraph} from '../graphs/score.js'
import {scoreShape} from '../graphs/shapes.js'
import type {SessionCache} from '../sessions/session-cache.js'
import type {ModelState} from '../state/model-state.js'

/** What a model thinks of each token of a sequence, [T - 1] each: entry i is about token i + 1 given tokens 0..i. */
export interface TokenScores {
  /** Nats, over the renormalised top k next tokens. */
  readonly entropy: Float32Array
  /** Natural log-probability of the actual token, full vocabulary, temperature 1. */
  readonly targetLogprob: Float32Array
  /** The most probable next token. */
  readonly top1: Int32Array
}

/** How sequences are scored. */
export interface ScoreSettings {
  readonly topK: number
  /** Tokens, padding included, in one run of the graph at the most. */
  readonly batchTokens: number
}

/**
 * Scores sequences of at least two tokens, in batches of similar length.
 *
 * @throws {NumericError} at a score that is not finite
 */
export async function scoreSequences(
  state: ModelState,
  sessions: SessionCache,
  sequences: readonly Int32Array[],
  {topK, batchTokens}: ScoreSettings,
  tell: Tell = tellNobody,
): Promise<TokenScores[]> {
  const scores = new Array<TokenScores>(sequences.length)
  let done = 0
  for (const batch of batchesWithin(sequences, batchTokens)) {
    const shape = scoreShape(batch.length, maxOf(batch.map((index) => sequences[index].length)), topK)
    const {length} = shape
    const session = await sessions.get('score', shape, () => scoreGraph(state.config, shape))
    const rows = batch.map((index) => sequences[index])
    const results = await session.run({...state.feeds(length), ...paddedRows(rows, shape), ...nextTokens(rows, shape)})
    batch.forEach((index, row) => {
      const from = row * length
      const to = from + sequences[index].length - 1
      const entropy = (results.entropy as Float32Array).slice(from, to)
      const targetLogprob = (results.target_logprob as Float32Array).slice(from, to)
      checkFinite(entropy, (i) => `the model's entropy after token ${i} of sequence ${index}`, state.lossScale !== null)
      checkFinite(
        targetLogprob,
        (i) => `the log-probability of token ${i + 1} of sequence ${index}`,
        state.lossScale !== null,
      )
      const top1 = Int32Array.from((results.top1 as BigInt64Array).subarray(from, to), Number)
      scores[index] = {entropy, targetLogprob, top1}
    })
    done += batch.length
    tell(`scoring, ${done}/${sequences.length} sequences done`)
  }
  return scores
}

/** Batches of indices, shortest sequences first, each within `batchTokens` after padding. */
export function* batchesWithin(sequences: readonly Int32Array[], batchTokens: number): Generator<number[]> {
  let batch: number[] = []
  for (const index of byLength(sequences.map((sequence) => sequence.length))) {
    const padded = countBucket(batch.length + 1) * lengthBucket(sequences[index].length)
    if (batch.length > 0 && padded > batchTokens) {
      yield batch
      batch = []
    }
    batch.push(index)
  }
  if (batch.length > 0) yield batch
}

/** The token after each one of a block; 0 where there is none. */
function nextTokens(sequences: readonly Int32Array[], {rows, length}: BlockShape) {
  const targets = new BigInt64Array(rows * length)
  sequences.forEach((sequence, row) => {
    targets.set(BigInt64Array.from(sequence.subarray(1), BigInt), row * length)
  })
  return {targets}
}
