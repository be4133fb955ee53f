import type {Schema} from 'apache-arrow'
import {readAt} from '../files/read-at.js'
import {DataError, RptError} from '../util/errors.js'
import {checkSchema, decodeBatch} from './batch-codec.js'
import {readColumns} from './ipc-columns.js'
import {type Frame, type ScanResult, scanMessages} from './ipc-scan.js'
import type {Row, Table} from './table.js'

/** What an IPC file begins and ends with; a stream does neither. */
export const magic = 'ARROW1'

/** Whether the magic stands at an offset of an open file. */
export function hasMagic(fd: number, offset: number): boolean {
  return Buffer.from(readAt(fd, offset, magic.length)).toString('latin1') === magic
}

/** Bytes before the first message: the magic of an IPC file, padded. */
const messagesStart = {file: 8, stream: 0} as const

/** An error about a table whose bytes are not as they were written. */
export function damage(path: string, what: string, cause?: unknown): DataError {
  const suggestions = ['write the table again, or copy it again if it came from elsewhere']
  return new DataError(`${path} is damaged: ${what}`, {suggestions, cause})
}

/**
 * The record batches of an open table, their bodies unread.
 *
 * @returns frames, which return where the last complete batch ends
 * @throws {DataError} when the schema is another one, or, from the frames, the bytes are not what a writer leaves
 */
export function openBatches(
  fd: number,
  path: string,
  table: Table,
  size: number,
  check: typeof checkSchema,
): {readonly schema: Schema; readonly frames: Generator<Frame, ScanResult>} {
  const messages = scanMessages(fd, messagesStart[table.format], size)
  const first = messages.next()
  if (first.done) throw damage(path, 'it has no Arrow schema at its start')
  const schema = decodeOrRefuse(path, () => decodeSchema(first.value))
  check(path, table, schema)
  return {schema, frames: checkedFrames(path, table, messages)}
}

function* checkedFrames(
  path: string,
  table: Table,
  messages: Generator<Frame, ScanResult>,
): Generator<Frame, ScanResult> {
  const result = yield* messages
  if (result.reason === 'corrupt') throw damage(path, `no Arrow message at byte ${result.end}`)
  if (table.format === 'file' && result.reason !== 'end-of-stream') throw damage(path, `it ends at byte ${result.end}`)
  return result
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
  const {schema, frames} = openBatches(fd, path, table, size, check)
  const names = Object.keys(table.columns)
  while (true) {
    const next = frames.next()
    if (next.done) return next.value
    const rows = decodeOrRefuse(path, () => decodeBatch(table, readColumns(fd, schema, next.value, names)))
    if (rows.length > 0) yield rows
  }
}

/** The schema of the first message. Throws {Error} where a type has not its parts. */
export function decodeSchema({message}: Frame): Schema {
  const schema = message.header() as Schema
  // A list without its item has a type that cannot even be shown.
  for (const {type} of schema.fields) String(type)
  return schema
}

/** What `decode` gives. Throws {DataError} naming the file where it cannot. */
export function decodeOrRefuse<T>(path: string, decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    if (error instanceof DataError)
      throw new DataError(`${path}: ${error.message}`, {suggestions: error.suggestions, cause: error})
    if (error instanceof RptError) throw error
    throw damage(path, `its Arrow data do not decode (${(error as Error).message})`, error)
  }
}
