import type {Engine} from '../engine/engine.js'
import {loadModel} from '../engine/load-model.js'
import {batchesWithin, type ScoreSettings, type TokenScores} from '../engine/scoring/score.js'
import {scoreFlops} from '../models/flops.js'
import type {Partition} from '../records/records.js'
import {readModel, sourceOf} from '../runs/model-place.js'
import {documentsTable, pickColumns, readRows, type ScoresRow, scoresTable, writeTable} from '../tables/index.js'
import {sumOf} from '../util/means.js'
import type {Stage} from '../util/progress.js'
import type {Services} from '../util/services.js'
import type {Scorer} from './scorer.js'
import {checkNotStopped} from './track-progress.js'
import type {DocumentCounts} from './write-documents.js'

/** Documents in memory at a time, among which those of similar length share a batch; no result depends on it. */
export interface ScoreGroup {
  readonly documents: number
  readonly tokens: number
}

/** What scoring took: FLOPs as docs/explanation/statistics.md counts them. */
export interface ScoringCost {
  readonly flops: number
  /** Tokens that a model read; those of a document that two models score count twice. */
  readonly tokens: number
}

const defaultGroup: ScoreGroup = {documents: 1024, tokens: 2 ** 20}

/**
 * What a model thinks of every token (RPT, 3.2): one row of scores per document of the scorer's partitions, in order.
 *
 * @returns what it took
 */
export async function scoreDocuments(
  engine: Engine,
  {role, place, partitions}: Scorer,
  files: {readonly documents: string; readonly scores: string},
  {documents, targets}: DocumentCounts,
  settings: ScoreSettings,
  {progress, signal}: Pick<Services, 'progress' | 'signal'>,
  group = defaultGroup,
): Promise<ScoringCost> {
  checkNotStopped(signal)
  const {parameterCount} = await loadModel(engine, sourceOf(place), progress)
  const shape = {...(await readModel(place)), parameterCount}
  const cost = {flops: 0, tokens: 0}
  const totalOf = (counts: Readonly<Record<Partition, number>>) =>
    partitions.reduce((sum, partition) => sum + counts[partition], 0)
  const stage = progress.stage(`score entropy (${role})`, totalOf(targets), 'positions')
  const count = totalOf(documents)
  async function* rows(): AsyncGenerator<ScoresRow> {
    let scored = 0
    for (const sequences of groupsOf(tokensOf(files.documents, partitions), group)) {
      const note = (done: number) => `${scored + done}/${count} documents`
      for (const scores of await scoreGroup(engine, sequences, settings, {stage, signal, note}))
        yield {entropy: scores.entropy, target_logprob: scores.targetLogprob, top1: scores.top1}
      scored += sequences.length
      const lengths = sequences.map(({length}) => length)
      cost.flops += scoreFlops(shape, lengths)
      cost.tokens += sumOf(lengths)
    }
  }
  await writeTable(files.scores, scoresTable, rows())
  stage.done()
  return cost
}

function* tokensOf(file: string, partitions: readonly Partition[]): Generator<Int32Array> {
  for (const {partition, token_ids} of readRows(file, pickColumns(documentsTable, 'partition', 'token_ids')))
    if (partitions.includes(partition)) yield token_ids
}

function* groupsOf(sequences: Iterable<Int32Array>, {documents, tokens}: ScoreGroup): Generator<Int32Array[]> {
  let group: Int32Array[] = []
  let size = 0
  for (const sequence of sequences) {
    if (group.length > 0 && (group.length >= documents || size + sequence.length > tokens)) {
      yield group
      group = []
      size = 0
    }
    group.push(sequence)
    size += sequence.length
  }
  if (group.length > 0) yield group
}

/** Scores of a group's sequences, in their order; a batch at a time, so that progress moves and a stop is noticed. */
async function scoreGroup(
  engine: Engine,
  sequences: readonly Int32Array[],
  {topK, batchTokens}: ScoreSettings,
  {stage, signal, note}: {stage: Stage; signal: AbortSignal; note: (done: number) => string},
): Promise<TokenScores[]> {
  const scores = new Array<TokenScores>(sequences.length)
  let done = 0
  for (const indices of batchesWithin(sequences, batchTokens)) {
    checkNotStopped(signal)
    const batch = indices.map((index) => sequences[index])
    const scored = await engine.score(batch, {topK, batchTokens})
    indices.forEach((index, i) => {
      scores[index] = scored[i]
    })
    done += batch.length
    const targets = batch.reduce((sum, {length}) => sum + length - 1, 0)
    stage.advance(targets, note(done))
  }
  return scores
}
