import {closeSync, fstatSync} from 'node:fs'
import {replaceFile, writeFully} from '../files/durable.js'
import {openFile} from '../files/read-at.js'
import {DataError} from '../util/errors.js'
import {encodeBatch, sizeOfRow} from './batch-codec.js'
import {ipcEncoder} from './ipc-encoder.js'
import {damage, hasMagic, magic, readBatches} from './ipc-reader.js'
import {arrowSchema, pickColumns, type Row, type Table} from './table.js'

const rowsPerBatch = 4096
const bytesPerBatch = 32 * 2 ** 20

/**
 * Writes a whole table as an Arrow IPC file; rows are encoded 4096 at a time, so that memory stays flat.
 *
 * `path` holds either its old content or all of the new.
 *
 * @throws {DataError} at a value that does not fit its column
 * @throws {RuntimeFailure} when the file system refuses
 */
export async function writeTable<T extends Table>(
  path: string,
  table: T,
  rows: Iterable<Row<T>> | AsyncIterable<Row<T>>,
): Promise<void> {
  const schema = arrowSchema(table)
  const encoder = ipcEncoder(table.format, schema)
  await replaceFile(path, async (handle) => {
    await writeFully(handle, encoder.header)
    for await (const batch of batchesOf(table, rows)) {
      await writeFully(handle, encoder.encode(encodeBatch(table, schema, batch)))
    }
    await writeFully(handle, encoder.finish())
  })
}

/** Rows in lists that make one batch each. */
async function* batchesOf<T extends Table>(
  table: T,
  rows: Iterable<Row<T>> | AsyncIterable<Row<T>>,
): AsyncGenerator<Row<T>[]> {
  let batch: Row<T>[] = []
  let size = 0
  const add = (row: Row<T>) => {
    batch.push(row)
    size += sizeOfRow(table, row)
  }
  const isFull = () => batch.length >= rowsPerBatch || size >= bytesPerBatch
  const take = () => {
    const taken = batch
    batch = []
    size = 0
    return taken
  }
  // A row each through `for await` costs more than encoding it.
  if (Symbol.asyncIterator in rows) {
    for await (const row of rows) {
      add(row)
      if (isFull()) yield take()
    }
  } else {
    for (const row of rows) {
      add(row)
      if (isFull()) yield take()
    }
  }
  if (batch.length > 0) yield take()
}

/**
 * Rows of a table, one batch in memory at a time; of a stream, those that are complete.
 *
 * list<int32> is an Int32Array, list<float32> a Float32Array, binary a Uint8Array, map a record.
 *
 * @throws {DataError} when the file is unreadable, truncated, or not a table of this kind
 */
export function* readRows<T extends Table>(path: string, table: T): Generator<Row<T>> {
  const fd = openFile(path)
  try {
    const size = fstatSync(fd).size
    if (table.format === 'file') checkMagic(fd, path, size)
    for (const rows of readBatches(fd, path, table, size)) yield* rows
  } finally {
    closeSync(fd)
  }
}

/** All rows of a table; see `readRows`. */
export function readTable<T extends Table>(path: string, table: T): Row<T>[] {
  return [...readRows(path, table)]
}

/** How many rows a table file holds; throws what `readRows` throws. */
export function countRows(path: string, table: Table): number {
  let count = 0
  for (const _ of readRows(path, pickColumns(table))) count++
  return count
}

function checkMagic(fd: number, path: string, size: number): void {
  if (!hasMagic(fd, 0)) {
    throw new DataError(`${path} is not an Arrow IPC file: it does not start with ${magic}`, {
      suggestions: ['check the path'],
    })
  }
  if (!hasMagic(fd, Math.max(0, size - magic.length)))
    throw damage(path, `it does not end with ${magic}; it is truncated`)
}
