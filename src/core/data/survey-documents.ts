import type {Config} from '../config/schema.js'
import type {Services} from '../util/services.js'
import {type DocumentSource, readDocuments} from './documents.js'
import {paced} from './paced.js'
import {contentHash, holdOutBound} from './split.js'

/** What a first reading of a corpus finds: all that must be known of every document before one can be placed. */
export interface Survey {
  /** Content hash of each document, in order. */
  readonly hashes: readonly number[]
  /** Documents whose hash is below are held out. */
  readonly bound: number
}

/**
 * Reads every document once and keeps one number of each.
 *
 * @throws {DataError} at the first row that is no document, before any other work; see `readDocuments`
 */
export async function surveyDocuments(
  source: DocumentSource,
  {data, seed}: Pick<Config, 'data' | 'seed'>,
  {progress, signal}: Pick<Services, 'progress' | 'signal'>,
): Promise<Survey> {
  const stage = progress.stage('read documents', undefined, 'documents')
  const hashes: number[] = []
  for await (const {text} of paced(readDocuments(source), {stage, signal, unitsOf: () => 1}))
    hashes.push(contentHash(text, seed))
  const bound = holdOutBound(hashes, data)
  stage.done(`${hashes.length} documents`)
  return {hashes, bound}
}
