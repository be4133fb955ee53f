import type {Config} from '../config/schema.js'
import type {BadRows} from '../corpus/bad-rows.js'
import {type DocumentSource, type RawDocument, readDocuments} from '../corpus/documents.js'
import {orFault, RowFault} from '../corpus/readers/row-fault.js'
import {contentHash, holdOutBound} from '../corpus/split.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import type {Services} from '../util/services.js'
import {limitOf} from './fit-document.js'
import type {Scorer} from './scorer.js'
import {tokenizeDocument} from './tokenize.js'
import {trackProgress} from './track-progress.js'

/** What a first reading of a corpus finds: all that must be known of every document before one can be placed. */
export interface Survey {
  /** Content hash of each document, in order. */
  readonly hashes: readonly number[]
  /** Documents whose hash is below are held out. */
  readonly bound: number
}

/** How documents are placed. */
export interface SurveyPlan {
  readonly source: DocumentSource
  readonly config: Pick<Config, 'data' | 'seed'>
  readonly tokenizer: Tokenizer
  readonly scorers: readonly Scorer[]
  /** Is told of rows that are no documents. */
  readonly badRows: BadRows
}

/**
 * Reads every document once and keeps one number of each.
 *
 * Where a number of documents is to be held out and some may be left out later, those are not among that number: documents
 * are then tokenized here, too.
 *
 * @throws {DataError} at the first row that is no document, before any other work; see `readDocuments`
 */
export async function surveyDocuments(
  {source, config, badRows, ...plan}: SurveyPlan,
  {progress, signal}: Pick<Services, 'progress' | 'signal'>,
): Promise<Survey> {
  const {onBadRow, onLongDocument, valDocuments} = config.data
  const mayLose = (valDocuments ?? 0) > 0 && (onBadRow === 'skip' || onLongDocument === 'skip')
  const stage = progress.stage('read documents', undefined, 'documents')
  const hashes: number[] = []
  const lost = new Set<number>()
  for await (const raw of trackProgress(readDocuments(source, badRows), {stage, signal, unitsOf: () => 1})) {
    hashes.push(contentHash(raw.text, config.seed))
    if (mayLose && !canBeHeldOut(raw, config, plan)) lost.add(hashes.length - 1)
  }
  const kept = lost.size > 0 ? hashes.filter((_, index) => !lost.has(index)) : hashes
  const bound = holdOutBound(kept, config.data, lost.size)
  stage.done(`${hashes.length} documents`)
  return {hashes, bound}
}

/** Whether a document stays if it is held out. */
function canBeHeldOut(
  raw: RawDocument,
  {data: {onLongDocument}}: Pick<Config, 'data'>,
  {tokenizer, scorers}: Pick<SurveyPlan, 'tokenizer' | 'scorers'>,
): boolean {
  const document = orFault(() => tokenizeDocument(raw, 'val', tokenizer))
  if (document instanceof RowFault) return false
  return onLongDocument !== 'skip' || document.tokenIds.length <= limitOf(document, scorers)
}
