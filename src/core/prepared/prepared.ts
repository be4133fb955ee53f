import {existsSync, readdirSync, statSync} from 'node:fs'
import {join, resolve} from 'node:path'
import type {SplitRule} from '../config/names.js'
import {hashFile, listFiles, type Manifest, manifestName, verifyFolder} from '../files/index.js'
import type {DocumentIds} from '../records/document-ids.js'
import type {Partition} from '../records/records.js'
import {pickColumns, positionsTable, readRows} from '../tables/index.js'
import {loadTokenizer, type Tokenizer} from '../tokenizer/tokenizer.js'
import {DataError} from '../util/errors.js'
import type {Services} from '../util/services.js'
import {KeptPositions} from './kept-positions.js'
import {PreparedDocuments} from './prepared-documents.js'

/** A folder that `rpt prepare-data` wrote, opened for training or evaluation; its texts and tokens stay on the disk. */
export interface PreparedData {
  readonly folder: string
  readonly tokenizer: Tokenizer
  readonly documents: PreparedDocuments
  /** Training positions that were kept, in the order of the table. */
  readonly trainPositions: KeptPositions
  /** Held-out positions with any split, in the order of the table. */
  readonly heldOutPositions: KeptPositions
  readonly manifest: Manifest
}

interface Opened {
  readonly stamp: string
  readonly data: PreparedData
}

/** What this process has open: a sweep comes back to the same data for every checkpoint. */
const opened = new Map<string, Opened>()
const maxOpened = 4

/**
 * Opens prepared data after checking every file against the manifest; data that this process has open, and whose files
 * are as they were, are neither checked nor read again.
 *
 * @throws {DataError} when the folder is missing, incomplete or changed, or is replaced meanwhile
 */
export async function openPrepared(folder: string): Promise<PreparedData> {
  if (!existsSync(folder))
    throw new DataError(`prepared data ${folder} does not exist`, {suggestions: ['run rpt prepare-data first']})
  const path = resolve(folder)
  const stamp = stampOf(path)
  const known = opened.get(path)
  if (known?.stamp === stamp) return known.data
  const data = await readPrepared(folder)
  for (const file of Object.keys(data.manifest.files)) refuseReplaced(data, file)
  opened.delete(path)
  opened.set(path, {stamp, data})
  if (opened.size > maxOpened) opened.delete(opened.keys().next().value!)
  return data
}

/** What the user may have meant by a path that is no prepared data. */
function insteadOf(path: string): string[] {
  const within = statSync(path).isDirectory() ? readdirSync(path).sort() : []
  const prepared = within.find((name) => existsSync(join(path, name, 'documents.arrow')))
  return prepared === undefined
    ? [`prepare it first: rpt prepare-data --documents ${path}`]
    : [`did you mean ${join(path, prepared)}?`]
}

async function readPrepared(folder: string): Promise<PreparedData> {
  if (![manifestName, 'documents.arrow', 'positions.arrow'].some((name) => existsSync(join(folder, name))))
    throw new DataError(`${folder} is not a folder that rpt prepare-data wrote`, {
      suggestions: [...insteadOf(folder), 'give the --out of rpt prepare-data'],
    })
  const verdict = verifyFolder(folder)
  if (verdict.kind === 'invalid')
    throw new DataError(`prepared data ${folder} is damaged: ${verdict.reason}`, {
      suggestions: ['run rpt prepare-data again'],
    })
  const documents = PreparedDocuments.open(join(folder, 'documents.arrow'))
  const kept = readKept(join(folder, 'positions.arrow'), documents.ids)
  return {
    folder,
    tokenizer: await loadTokenizer(folder),
    documents,
    trainPositions: kept.train,
    heldOutPositions: kept.val,
    manifest: verdict.manifest,
  }
}

/**
 * Checks that a file of prepared data that was just read by its path is the one that the manifest names.
 *
 * @throws {DataError} when another process has replaced it since the data were opened
 */
export function refuseReplaced({folder, manifest}: PreparedData, name: string): void {
  const file = join(folder, name)
  if (existsSync(file) && hashFile(file) === manifest.files[name].sha256) return
  throw new DataError(`prepared data ${folder} were replaced while they were read: ${file} is another one now`, {
    suggestions: ['wait until rpt prepare-data has ended, then run the command again'],
  })
}

/** Tells whether any file of a folder was written or replaced. */
function stampOf(folder: string): string {
  const files = statSync(folder).isDirectory() ? listFiles(folder) : []
  const stats = files.map((file) => {
    const {ino, size, mtimeNs, ctimeNs} = statSync(join(folder, file), {bigint: true})
    return `${file} ${ino} ${size} ${mtimeNs} ${ctimeNs}`
  })
  return stats.join('\n')
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
  return {
    folder,
    tokenizer,
    documents: PreparedDocuments.none(),
    trainPositions: new KeptPositions(),
    heldOutPositions: new KeptPositions(),
    manifest: {files: {}},
  }
}

/** How the splits of prepared data are read: as it was prepared. */
export function splitRuleOf({manifest}: PreparedData): SplitRule {
  return manifest.splits === 'disjoint' ? 'disjoint' : 'nested'
}

function readKept(file: string, ids: DocumentIds): Record<Partition, KeptPositions> {
  const columns = pickColumns(positionsTable, 'doc_id', 'position', 'partition', 'difficulty', 'entropy', 'kept')
  const known = ids.length
  const positions = {train: new KeptPositions(ids), val: new KeptPositions(ids)}
  for (const {doc_id: docId, position, partition, difficulty, entropy, kept} of readRows(file, columns)) {
    if (!kept) continue
    positions[partition].push({docId, position, difficulty, entropy})
    if (ids.length > known)
      throw new DataError(`${file} has positions of ${docId}, which documents.arrow does not have`)
  }
  return positions
}
