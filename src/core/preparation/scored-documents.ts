import type {TokenScores} from '../engine/scoring/score.js'
import type {TokenizedDocument} from '../records/records.js'
import {documentsTable, pickColumns, readRows, type ScoresRow, scoresTable} from '../tables/index.js'
import {RuntimeFailure} from '../util/errors.js'

/** A document with what the models think of its tokens. */
export interface ScoredDocument extends TokenizedDocument {
  /** Of the proxy. */
  readonly scores: TokenScores
  /** [T - 1] nats, of the difficulty model; null for a document of the training partition. */
  readonly difficultyEntropy: Float32Array | null
}

/** The tables that scored documents are read from. */
export interface ScoreFiles {
  readonly documents: string
  /** Of every document, by the proxy. */
  readonly scores: string
  /** Of held-out documents, by the difficulty model; the proxy's are taken when absent. */
  readonly difficulty?: string
}

/**
 * Documents with their scores, in order, one batch of each table in memory at a time.
 *
 * @throws {RuntimeFailure} when a table has no row for a document, or one of another length
 */
export function* readScored({documents, scores, difficulty}: ScoreFiles): Generator<ScoredDocument> {
  const proxyRows = readRows(scores, scoresTable)
  const difficultyRows = difficulty === undefined ? null : readRows(difficulty, pickColumns(scoresTable, 'entropy'))
  const columns = pickColumns(documentsTable, 'doc_id', 'partition', 'token_ids')
  try {
    for (const {doc_id: docId, partition, token_ids: tokenIds} of readRows(documents, columns)) {
      const {entropy, target_logprob: targetLogprob, top1} = nextRow(proxyRows, docId, tokenIds)
      const isHeldOut = partition === 'val'
      const heldOutEntropy = isHeldOut && difficultyRows ? nextRow(difficultyRows, docId, tokenIds).entropy : entropy
      yield {
        docId,
        partition,
        tokenIds,
        scores: {entropy, targetLogprob, top1},
        difficultyEntropy: isHeldOut ? heldOutEntropy : null,
      }
    }
  } finally {
    // Tables that are read a row at a time stay open until they are told of their end.
    proxyRows.return(undefined)
    difficultyRows?.return(undefined)
  }
}

function nextRow<R extends Pick<ScoresRow, 'entropy'>>(rows: Iterator<R>, docId: string, tokenIds: Int32Array): R {
  const {value} = rows.next() as IteratorResult<R, undefined>
  if (value?.entropy.length === tokenIds.length - 1) return value
  const seen = value ? `${value.entropy.length} scores` : 'no scores'
  throw new RuntimeFailure(`prepare-data: ${docId} has ${seen}; expected ${tokenIds.length - 1}`)
}
