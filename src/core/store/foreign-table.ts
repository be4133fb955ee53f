import {closeSync, fstatSync, openSync} from 'node:fs'
import {
  type Data,
  DataType,
  makeVector,
  type RecordBatch,
  RecordBatchReader,
  type RecordBatchStreamReader,
} from 'apache-arrow'
import {DataError} from '../util/errors.js'
import {scanMessages} from './ipc-scan.js'
import {readAt} from './read-at.js'
import {guardRead} from './storage-error.js'

/**
 * A value of an Arrow table that somebody else wrote: a text as its bytes, a list as an array, a struct as an object, null,
 * or whatever apache-arrow makes of other types.
 */
export type ForeignValue = unknown

const magic = 'ARROW1'

/**
 * Rows of an Arrow IPC file or stream that may have any columns, one record batch in memory at a time.
 *
 * @param choose the columns to read, from the names and types of all
 * @throws {DataError} when it is no whole Arrow table, or has dictionaries or compressed buffers; what `choose` throws passes
 */
export function* readForeignRows(
  path: string,
  choose: (columns: ReadonlyMap<string, string>) => readonly string[],
): Generator<Readonly<Record<string, ForeignValue>>> {
  const fd = guardRead('opening', path, () => openSync(path, 'r'))
  try {
    const {size} = fstatSync(fd)
    const isFile = size > 8 && Buffer.from(readAt(fd, 0, magic.length)).toString('latin1') === magic
    const scan = keepEnd(fd, scanMessages(fd, isFile ? 8 : 0, size))
    const reader = decoding(path, () => RecordBatchReader.from(scan.messages).open() as RecordBatchStreamReader)
    if (!reader.schema) throw damaged(path, 'it has no Arrow schema at its start')
    const {fields, dictionaries} = reader.schema
    if (dictionaries.size > 0) throw refusal(path, 'has a column that is encoded by a dictionary')
    const names = choose(new Map(fields.map(({name, type}) => [name, String(type)])))
    for (;;) {
      const {done, value} = decoding(path, () => reader.next())
      if (done) break
      yield* rowsOf(path, value, names)
    }
    const end = scan.end()
    if (end !== 'end-of-stream' && (isFile || end !== 'end-of-file'))
      throw damaged(path, 'it is cut off, or holds other bytes')
  } finally {
    closeSync(fd)
  }
}

/** The messages as bytes, each read when it is asked for, and why the last one is the last. */
function keepEnd(fd: number, frames: ReturnType<typeof scanMessages>) {
  let reason: string | undefined
  function* messages() {
    for (let next = frames.next(); ; next = frames.next()) {
      if (next.done) {
        reason = next.value.reason
        return
      }
      const {offset, bodyOffset, bodyLength} = next.value
      yield readAt(fd, offset, bodyOffset + bodyLength - offset)
    }
  }
  return {messages: messages(), end: () => reason}
}

function* rowsOf(
  path: string,
  batch: RecordBatch,
  names: readonly string[],
): Generator<Readonly<Record<string, ForeignValue>>> {
  const columns = names.map((name) => {
    const index = batch.schema.fields.findIndex((field) => field.name === name)
    return [name, decoding(path, () => readerOf(batch.data.children[index]))] as const
  })
  for (let row = 0; row < batch.numRows; row++)
    yield decoding(path, () => Object.fromEntries(columns.map(([name, read]) => [name, read(row)])))
}

type ReadValue = (index: number) => ForeignValue

/** How the values of a column are read; throws at bytes that are not what its length says. */
function readerOf(data: Data): ReadValue {
  const read = valueReader(data)
  return (index) => (data.getValid(index) ? read(index) : null)
}

function valueReader(data: Data): ReadValue {
  const {type} = data
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) {
    const range = rangesOf(data, data.values.length)
    return (index) => data.values.subarray(...range(index))
  }
  if (DataType.isList(type)) {
    const [child] = data.children
    const [range, read] = [rangesOf(data, child.length), readerOf(child)]
    return (index) => {
      const [from, to] = range(index)
      return Array.from({length: to - from}, (_, i) => read(from + i))
    }
  }
  if (DataType.isStruct(type)) {
    const fields = type.children.map(({name}, i) => {
      if (data.children[i].length < data.length) throw new Error(`field ${name} has too few values`)
      return [name, readerOf(data.children[i])] as const
    })
    return (index) => Object.fromEntries(fields.map(([name, read]) => [name, read(index)]))
  }
  const vector = makeVector(data)
  return (index) => vector.get(index)
}

/** Where the parts of a value begin and end. */
function rangesOf({valueOffsets, length}: Data, available: number): (index: number) => [number, number] {
  if (valueOffsets.length <= length) throw new Error(`${valueOffsets.length} offsets of ${length} values`)
  return (index) => {
    const [from, to] = [Number(valueOffsets[index]), Number(valueOffsets[index + 1])]
    if (!(from >= 0 && from <= to && to <= available)) throw new Error(`a value from ${from} to ${to} of ${available}`)
    return [from, to]
  }
}

function decoding<T>(path: string, decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    if (error instanceof DataError) throw error
    const {message} = error as Error
    if (/codec|compress/i.test(message)) throw refusal(path, 'is compressed inside')
    throw damaged(path, `its Arrow data do not decode (${message})`, error)
  }
}

function refusal(path: string, what: string): DataError {
  return new DataError(`${path} ${what}, which is not read in Arrow files`, {
    suggestions: ['write it as Parquet or JSONL', 'write it without compression and dictionaries'],
  })
}

function damaged(path: string, what: string, cause?: unknown): DataError {
  return new DataError(`${path} is no whole Arrow table: ${what}`, {
    cause,
    suggestions: ['check whether the file is complete'],
  })
}
