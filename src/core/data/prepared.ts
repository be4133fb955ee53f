import {existsSync, readdirSync, statSync} from 'node:fs'
import {join} from 'node:path'
import type {Partition, Target, TokenizedDocument} from '../records/records.js'
import {documentsTable, type Manifest, pickColumns, positionsTable, readRows, verifyFolder} from '../store/index.js'
import {loadTokenizer, type Tokenizer} from '../tokenizer/tokenizer.js'
import {DataError} from '../util/errors.js'
import type {Services} from '../util/services.js'
import {KeptPositions} from './kept-positions.js'

/** A folder that `rpt prepare-data` wrote, opened for training or evaluation. */
export interface PreparedData {
  readonly folder: string
  readonly tokenizer: Tokenizer
  readonly documents: ReadonlyMap<string, TokenizedDocument>
  /** Training positions that were kept, in the order of the table. */
  readonly trainPositions: Pick<KeptPositions, 'length' | 'at' | typeof Symbol.iterator>
  /** Held-out positions with any split, in the order of the table. */
  readonly heldOutPositions: readonly Target[]
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
  const documents = readTokenized(join(folder, 'documents.arrow'))
  const kept = readKept(join(folder, 'positions.arrow'))
  return {
    folder,
    tokenizer: await loadTokenizer(folder),
    documents,
    trainPositions: kept.train,
    heldOutPositions: [...kept.val],
    manifest: verdict.manifest,
  }
}

/**
 * Opens prepared data; in a rehearsal null where nothing has been prepared yet, which is noted.
 *
 * @throws {DataError} as `openPrepared` does
 */
export async function preparedIn(
  folder: string,
  {rehearsal}: Pick<Services, 'rehearsal'>,
): Promise<PreparedData | null> {
  const isAbsent = !existsSync(folder) || (statSync(folder).isDirectory() && readdirSync(folder).length === 0)
  if (!rehearsal || !isAbsent) return openPrepared(folder)
  rehearsal.note(`prepared data ${folder}: rpt prepare-data writes it`)
  return null
}

/**
 * What stands in for prepared data where rows come from elsewhere: the tokenizer of a checkpoint, and no documents.
 *
 * @throws {DataError} when the folder has no tokenizer
 */
export async function withoutDocuments(folder: string): Promise<PreparedData> {
  const tokenizer = await loadTokenizer(folder)
  const positions = new KeptPositions()
  return {
    folder,
    tokenizer,
    documents: new Map(),
    trainPositions: positions,
    heldOutPositions: [],
    manifest: {files: {}},
  }
}

/** How the splits of prepared data are read: as it was prepared. */
export function splitRuleOf({manifest}: PreparedData): 'nested' | 'disjoint' {
  return manifest.splits === 'disjoint' ? 'disjoint' : 'nested'
}

/** Documents of one partition, in the order of the corpus. */
export function documentsIn({documents}: PreparedData, partition: Partition): TokenizedDocument[] {
  return [...documents.values()].filter((document) => document.partition === partition)
}

function readTokenized(file: string): Map<string, TokenizedDocument> {
  const columns = pickColumns(documentsTable, 'doc_id', 'partition', 'token_ids')
  const documents = new Map<string, TokenizedDocument>()
  for (const {doc_id: docId, partition, token_ids: tokenIds} of readRows(file, columns))
    documents.set(docId, {docId, partition, tokenIds})
  return documents
}

function readKept(file: string): Record<Partition, KeptPositions> {
  const columns = pickColumns(positionsTable, 'doc_id', 'position', 'partition', 'difficulty', 'kept')
  const positions = {train: new KeptPositions(), val: new KeptPositions()}
  for (const {doc_id: docId, position, partition, difficulty, kept} of readRows(file, columns))
    if (kept) positions[partition].push({docId, position, difficulty})
  return positions
}
