import {closeSync, fstatSync, openSync} from 'node:fs'
import {type Data, DataType, makeVector} from 'apache-arrow'
import {guardRead} from '../files/storage-error.js'
import {DataError} from '../util/errors.js'
import {maxOf} from '../util/extremes.js'
import {readColumns} from './ipc-columns.js'
import {decodeSchema, hasMagic, magic} from './ipc-reader.js'
import {scanMessages} from './ipc-scan.js'

/**
 * A value of an Arrow table that somebody else wrote: a text as its bytes, UTF-8 or not, a list as an array, a struct as an
 * object, null, or whatever apache-arrow makes of other types.
 */
export type ForeignValue = unknown

/**
 * Rows of an Arrow IPC file or stream that may have any columns, one record batch in memory at a time.
 *
 * @param choose the columns to read, from the names and types of all
 * @throws {DataError} when it is no whole Arrow table, or has dictionaries, compressed buffers or columns of a type that is
 *   not read; what `choose` throws passes
 */
export function* readForeignRows(
  path: string,
  choose: (columns: ReadonlyMap<string, string>) => readonly string[],
): Generator<Readonly<Record<string, ForeignValue>>> {
  const fd = guardRead('opening', path, () => openSync(path, 'r'))
  try {
    const {size} = fstatSync(fd)
    const isFile = size > 8 && hasMagic(fd, 0)
    const messages = scanMessages(fd, isFile ? 8 : 0, size)
    const first = messages.next()
    if (first.done && isFile && hasMagic(fd, size - magic.length))
      throw refusal(path, 'its schema is only at its end', asStream)
    if (first.done) throw damaged(path, 'it has no Arrow schema at its start')
    const schema = decoding(path, () => decodeSchema(first.value))
    if (schema.dictionaries.size > 0) throw refusal(path, 'it has a column that is encoded by a dictionary')
    const names = choose(new Map(schema.fields.map(({name, type}) => [name, String(type)])))
    for (let next = messages.next(); ; next = messages.next()) {
      if (next.done) return checkEnd(path, isFile, next.value.reason)
      const frame = next.value
      yield* rowsOf(decoding(path, () => readColumns(fd, schema, frame, names, () => true).columns))
    }
  } finally {
    closeSync(fd)
  }
}

/** What apache-arrow for JavaScript writes as a file has its schema in the footer alone. */
const asStream = "write it as an Arrow stream; in JavaScript: tableToIPC(table, 'stream')"

function checkEnd(path: string, isFile: boolean, reason: string): void {
  if (reason !== 'end-of-stream' && (isFile || reason !== 'end-of-file'))
    throw damaged(path, 'it is cut off, or holds other bytes')
}

function* rowsOf(columns: ReadonlyMap<string, Data>): Generator<Readonly<Record<string, ForeignValue>>> {
  const readers = Array.from(columns, ([name, data]) => [name, readerOf(data)] as const)
  const count = Math.max(0, maxOf(Array.from(columns.values(), ({length}) => length)))
  for (let row = 0; row < count; row++) yield Object.fromEntries(readers.map(([name, read]) => [name, read(row)]))
}

type ReadValue = (index: number) => ForeignValue

function readerOf(data: Data): ReadValue {
  const read = valueReader(data)
  return (index) => (data.getValid(index) ? read(index) : null)
}

function valueReader(data: Data): ReadValue {
  const {type, valueOffsets} = data
  const placeOf = (index: number) => [Number(valueOffsets[index]), Number(valueOffsets[index + 1])]
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type))
    return (index) => data.values.subarray(...(placeOf(index) as [number, number]))
  if (DataType.isList(type)) {
    const read = readerOf(data.children[0])
    return (index) => {
      const [from, to] = placeOf(index)
      return Array.from({length: to - from}, (_, i) => read(from + i))
    }
  }
  if (DataType.isStruct(type)) {
    const fields = type.children.map(({name}, i) => [name, readerOf(data.children[i])] as const)
    return (index) => Object.fromEntries(fields.map(([name, read]) => [name, read(index)]))
  }
  const vector = makeVector(data)
  return (index) => vector.get(index)
}

function decoding<T>(path: string, decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    const {message} = error as Error
    if (/which rpt does not read|compressed/.test(message)) throw refusal(path, message)
    throw damaged(path, message, error)
  }
}

function refusal(path: string, what: string, remedy = 'write it without compression and dictionaries'): DataError {
  return new DataError(`${path} is an Arrow table that rpt cannot read: ${what}`, {
    suggestions: ['write it as Parquet or JSONL', remedy],
  })
}

function damaged(path: string, what: string, cause?: unknown): DataError {
  return new DataError(`${path} is not a complete Arrow table: ${what}`, {
    cause,
    suggestions: ['check whether the file is complete'],
  })
}
