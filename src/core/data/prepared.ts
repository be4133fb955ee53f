import {existsSync} from 'node:fs'
import {join} from 'node:path'
import type {Difficulty, Document, Partition, Position} from '../records/records.js'
import {
  documentsTable,
  type Manifest,
  type PositionRow,
  positionsTable,
  readRows,
  verifyFolder,
} from '../store/index.js'
import {loadTokenizer, type Tokenizer} from '../tokenizer/tokenizer.js'
import {DataError} from '../util/errors.js'

/** A folder that `rpt prepare-data` wrote, opened for training or evaluation. */
export interface PreparedData {
  readonly folder: string
  readonly tokenizer: Tokenizer
  readonly documents: ReadonlyMap<string, Document>
  /** Training positions that were kept, in the order of the table. */
  readonly trainPositions: readonly Position[]
  /** Held-out positions with any split, in the order of the table. */
  readonly heldOutPositions: readonly Position[]
  readonly manifest: Manifest
}

/**
 * Opens prepared data after checking every file against the manifest.
 *
 * @throws {DataError} when the folder is missing, incomplete or changed
 */
export async function openPrepared(folder: string): Promise<PreparedData> {
  if (!existsSync(folder))
    throw new DataError(`prepared data ${folder} does not exist`, {suggestions: ['run rpt prepare-data first']})
  const verdict = verifyFolder(folder)
  if (verdict.kind === 'invalid')
    throw new DataError(`prepared data ${folder} is not intact: ${verdict.reason}`, {
      suggestions: ['run rpt prepare-data again'],
    })
  const documents = new Map<string, Document>()
  for (const row of readRows(join(folder, 'documents.arrow'), documentsTable))
    documents.set(row.doc_id, {
      docId: row.doc_id,
      partition: row.partition,
      text: row.text,
      tokenIds: row.token_ids,
      byteOffsets: row.byte_offsets,
    })
  const kept: Record<Partition, Position[]> = {train: [], val: []}
  for (const row of readRows(join(folder, 'positions.arrow'), positionsTable))
    if (row.kept) kept[row.partition].push(positionOf(row))
  return {
    folder,
    tokenizer: await loadTokenizer(folder),
    documents,
    trainPositions: kept.train,
    heldOutPositions: kept.val,
    manifest: verdict.manifest,
  }
}

/** How the splits of prepared data are read: as it was prepared. */
export function splitRuleOf({manifest}: PreparedData): 'nested' | 'disjoint' {
  return manifest.splits === 'disjoint' ? 'disjoint' : 'nested'
}

/** Documents of one partition, in the order of the corpus. */
export function documentsIn({documents}: PreparedData, partition: Partition): Document[] {
  return [...documents.values()].filter((document) => document.partition === partition)
}

function positionOf(row: PositionRow): Position {
  return {
    docId: row.doc_id,
    position: row.position,
    partition: row.partition,
    targetId: row.target_id,
    targetBytes: row.target_bytes,
    entropy: row.entropy,
    difficultyEntropy: row.difficulty_entropy,
    targetLogprob: row.target_logprob,
    top1Id: row.top1_id,
    difficulty: row.difficulty as Difficulty,
    kept: row.kept,
    reason: row.reason,
  }
}
