import {RecordBatchReader, type RecordBatchStreamReader} from 'apache-arrow'
import {DataError, RptError} from '../util/errors.js'
import {checkSchema, decodeBatch} from './batch-codec.js'
import {type ScanResult, scanMessages} from './ipc-scan.js'
import type {Row, Table} from './table.js'

/** Bytes before the first message: the magic of an IPC file, padded. */
const messagesStart = {file: 8, stream: 0} as const

/** An error about a table whose bytes are not as they were written. */
export function damage(path: string, what: string, cause?: unknown): DataError {
  const suggestions = ['write the table again, or copy it again if it came from elsewhere']
  return new DataError(`${path} is damaged: ${what}`, {suggestions, cause})
}

/**
 * The rows of an open table, one record batch at a time, and where the last complete batch ends.
 *
 * A stream may end anywhere, in the middle of a message too; a file must end with its end-of-stream marker.
 *
 * @throws {DataError} when the schema is another one, or the bytes are not what a writer leaves
 */
export function* readBatches<T extends Table>(
  fd: number,
  path: string,
  table: T,
  size: number,
  check: typeof checkSchema = checkSchema,
): Generator<Row<T>[], ScanResult> {
  const scan: {result?: ScanResult} = {}
  const messages = keepResult(scanMessages(fd, messagesStart[table.format], size), scan)
  const reader = decodeOrRefuse(path, () => RecordBatchReader.from(messages).open() as RecordBatchStreamReader)
  if (!reader.schema) throw damage(path, 'it has no Arrow schema at its start')
  check(path, table, reader.schema)
  while (true) {
    const {done, value} = decodeOrRefuse(path, () => reader.next())
    if (done) break
    if (value.numRows > 0) yield decodeOrRefuse(path, () => decodeBatch(table, value))
  }
  const {end, reason} = scan.result!
  if (reason === 'corrupt') throw damage(path, `no Arrow message at byte ${end}`)
  if (table.format === 'file' && reason !== 'end-of-stream') throw damage(path, `it ends at byte ${end}`)
  return {end, reason}
}

function* keepResult(messages: Generator<Uint8Array, ScanResult>, kept: {result?: ScanResult}) {
  kept.result = yield* messages
}

function decodeOrRefuse<T>(path: string, decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    if (error instanceof DataError)
      throw new DataError(`${path}: ${error.message}`, {suggestions: error.suggestions, cause: error})
    if (error instanceof RptError) throw error
    throw damage(path, `its Arrow data do not decode (${(error as Error).message})`, error)
  }
}
