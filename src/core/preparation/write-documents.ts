import type {Config} from '../config/schema.js'
import {BadRows} from '../corpus/bad-rows.js'
import {type DocumentSource, type RawDocument, readDocuments} from '../corpus/documents.js'
import {orFault, RowFault} from '../corpus/readers/row-fault.js'
import {contentHash} from '../corpus/split.js'
import type {Document, Partition} from '../records/records.js'
import {type DocumentRow, documentsTable, writeTable} from '../tables/index.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {DataError} from '../util/errors.js'
import type {Services} from '../util/services.js'
import type {DocumentFitter} from './fit-document.js'
import type {Survey} from './survey-documents.js'
import {tokenizeDocument} from './tokenize.js'
import {trackProgress} from './track-progress.js'

/** Where the documents come from, how they are cut into tokens, and what becomes of those that do not fit. */
export interface DocumentPlan {
  readonly source: DocumentSource
  readonly config: Pick<Config, 'data' | 'seed'>
  readonly survey: Survey
  readonly tokenizer: Tokenizer
  readonly fitter: DocumentFitter
  /** Is told of documents that cannot be tokenized. */
  readonly badRows: BadRows
}

/** How much was written. */
export interface DocumentCounts {
  readonly documents: Readonly<Record<Partition, number>>
  /** Tokens that can be predicted: all but the first of each document. */
  readonly targets: Readonly<Record<Partition, number>>
  /** Tokens of the longest one. */
  readonly longest: Readonly<Record<Partition, number>>
  /** Documents that could not be tokenized and were left out. */
  readonly untokenized: number
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
  const {source, config, survey, fitter, badRows} = plan
  const total = survey.hashes.length
  const stage = progress.stage('tokenize documents', total, 'documents')
  const documents = {train: 0, val: 0}
  const targets = {train: 0, val: 0}
  const longest = {train: 0, val: 0}
  let normalized = 0
  let untokenized = 0
  async function* rows(): AsyncGenerator<DocumentRow> {
    let index = 0
    // What is wrong with rows was counted by the survey.
    const raws = readDocuments(source, new BadRows(config.data.onBadRow))
    for await (const raw of trackProgress(raws, {stage, signal, unitsOf: () => 1})) {
      const document = documentOf(raw, index++, plan)
      if (document instanceof RowFault) {
        badRows.meet(raw.docId, document)
        untokenized++
        continue
      }
      if (document.text !== raw.text) normalized++
      for (const fitted of fitter.fit(document)) {
        documents[fitted.partition]++
        targets[fitted.partition] += fitted.tokenIds.length - 1
        longest[fitted.partition] = Math.max(longest[fitted.partition], fitted.tokenIds.length)
        yield rowOf(fitted)
      }
    }
    if (index !== total) throw changed(source.label ?? source.path)
  }
  await writeTable(file, documentsTable, rows())
  stage.done(`${documents.train} documents to train on, ${documents.val} held out`)
  if (normalized > 0) progress.warn(`documents converted to Unicode form NFC, as the tokenizer requires: ${normalized}`)
  for (const {warning} of [badRows, fitter]) if (warning !== null) progress.warn(warning)
  return {documents, targets, longest, untokenized}
}

function documentOf(
  raw: RawDocument,
  index: number,
  {source, config, survey, tokenizer}: DocumentPlan,
): Document | RowFault {
  const hash = survey.hashes[index]
  if (contentHash(raw.text, config.seed) !== hash) throw changed(`${source.label ?? source.path}, at ${raw.docId}`)
  return orFault(() => tokenizeDocument(raw, hash < survey.bound ? 'val' : 'train', tokenizer))
}

function changed(where: string): DataError {
  return new DataError(`${where}: the documents changed while rpt read them`, {
    suggestions: ['run the command again when nothing else writes to them'],
  })
}

function rowOf({docId, partition, text, tokenIds, byteOffsets, goesOn}: Document): DocumentRow {
  return {doc_id: docId, partition, text, token_ids: tokenIds, byte_offsets: byteOffsets, goes_on: goesOn}
}
