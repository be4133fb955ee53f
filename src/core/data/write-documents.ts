import type {Document, Partition} from '../records/records.js'
import {type DocumentRow, documentsTable, writeTable} from '../store/index.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {DataError} from '../util/errors.js'
import type {Services} from '../util/services.js'
import {type DocumentSource, type RawDocument, readDocuments} from './documents.js'
import {paced} from './paced.js'
import {checkLength, type Scorer} from './score-documents.js'
import {contentHash} from './split.js'
import type {Survey} from './survey-documents.js'
import {tokenizeDocument} from './tokenize.js'

/** Where the documents come from, how they are cut into tokens, and what they must suit. */
export interface DocumentPlan {
  readonly source: DocumentSource
  readonly seed: number
  readonly survey: Survey
  readonly tokenizer: Tokenizer
  readonly scorers: readonly Scorer[]
}

/** How much was written. */
export interface DocumentCounts {
  readonly documents: Readonly<Record<Partition, number>>
  /** Tokens that can be predicted: all but the first of each document. */
  readonly targets: Readonly<Record<Partition, number>>
  /** Tokens of the longest one. */
  readonly longest: Readonly<Record<Partition, number>>
}

/**
 * documents -> tokens -> held-out split, as `documents.arrow`; one document in memory at a time.
 *
 * @throws {DataError} when a document cannot be tokenized, is too long for a scorer, or changed since the survey
 */
export async function writeDocuments(
  file: string,
  plan: DocumentPlan,
  {progress, signal}: Pick<Services, 'progress' | 'signal'>,
): Promise<DocumentCounts> {
  const {hashes} = plan.survey
  const stage = progress.stage('tokenize documents', hashes.length, 'documents')
  const documents = {train: 0, val: 0}
  const targets = {train: 0, val: 0}
  const longest = {train: 0, val: 0}
  let normalized = 0
  async function* rows(): AsyncGenerator<DocumentRow> {
    let index = 0
    for await (const raw of paced(readDocuments(plan.source), {stage, signal, unitsOf: () => 1})) {
      const document = documentOf(raw, index++, plan)
      documents[document.partition]++
      targets[document.partition] += document.tokenIds.length - 1
      longest[document.partition] = Math.max(longest[document.partition], document.tokenIds.length)
      if (document.text !== raw.text) normalized++
      yield rowOf(document)
    }
    if (index !== hashes.length) throw changed(plan.source.path)
  }
  await writeTable(file, documentsTable, rows())
  stage.done(`${documents.train} documents to train on, ${documents.val} held out`)
  if (normalized > 0) progress.warn(`documents brought to Unicode form NFC, as the tokenizer asks: ${normalized}`)
  return {documents, targets, longest}
}

function documentOf(
  raw: RawDocument,
  index: number,
  {source, seed, survey, tokenizer, scorers}: DocumentPlan,
): Document {
  const hash = survey.hashes[index]
  if (contentHash(raw.text, seed) !== hash) throw changed(`${source.path}, at ${raw.docId}`)
  const document = tokenizeDocument(raw, hash < survey.bound ? 'val' : 'train', tokenizer)
  for (const scorer of scorers) checkLength(document, scorer)
  return document
}

function changed(where: string): DataError {
  return new DataError(`${where}: the documents changed while they were read`, {
    suggestions: ['run it again when nothing else writes to them'],
  })
}

function rowOf({docId, partition, text, tokenIds, byteOffsets}: Document): DocumentRow {
  return {doc_id: docId, partition, text, token_ids: tokenIds, byte_offsets: byteOffsets}
}
