import {existsSync, fstatSync, readFileSync, statSync} from 'node:fs'
import {type FileHandle, open} from 'node:fs/promises'
import type {Schema} from 'apache-arrow'
import {replaceFile, writeFully} from '../files/durable.js'
import {guardWrite} from '../files/storage-error.js'
import {checkSameSchema, checkSchema, encodeBatch, isOlderSchema} from './batch-codec.js'
import {type IpcEncoder, ipcEncoder} from './ipc-encoder.js'
import {readBatches} from './ipc-reader.js'
import {arrowSchema, type Row, type Table} from './table.js'

const endOfStream = new Uint8Array(new Int32Array([-1, 0]).buffer)

/**
 * An append-only table, as an Arrow IPC stream: open to any reader at any time, and whole after a kill at any byte.
 *
 * The bytes depend on the appended rows alone, not on how often the file was opened.
 */
export class TableStream<T extends Table> {
  private constructor(
    private readonly path: string,
    private readonly table: T,
    private readonly schema: Schema,
    private encoder: IpcEncoder,
    private handle: FileHandle,
    private batches: Row<T>[][],
    /** Where the next batch goes. */
    private end: number,
  ) {}

  /** See `openStream`. */
  static async open<T extends Table>(path: string, table: T): Promise<TableStream<T>> {
    const schema = arrowSchema(table)
    const encoder = ipcEncoder('stream', schema)
    return guardWrite('opening', path, async () => {
      if (!hasHeader(path, encoder.header)) await replaceFile(path, (handle) => writeFully(handle, encoder.header))
      const handle = await open(path, 'r+')
      try {
        const {batches, end, isOlder} = readAll(handle.fd, path, table)
        const stream = new TableStream(path, table, schema, encoder, handle, batches, end)
        if (isOlder) await stream.replaceBatches(batches)
        else if (end < (await handle.stat()).size) {
          await handle.truncate(end)
          await handle.sync()
        }
        return stream
      } catch (error) {
        await handle.close()
        throw error
      }
    })
  }

  /** All rows, those of before and those appended since. */
  get rows(): Row<T>[] {
    return this.batches.flat()
  }

  /**
   * Adds rows as one record batch, all of them or none, and flushes it to the disk.
   *
   * @throws {DataError} at a value that does not fit its column
   * @throws {RuntimeFailure} when the file system refuses; the file then ends with the batch before
   */
  async append(...rows: Row<T>[]): Promise<void> {
    if (rows.length === 0) return
    const bytes = this.encoder.encode(encodeBatch(this.table, this.schema, rows))
    await guardWrite('appending to', this.path, async () => {
      try {
        await writeAt(this.handle, bytes, this.end)
        await this.handle.datasync()
      } catch (error) {
        // Where this fails too, the next open cuts what is left.
        await this.handle.truncate(this.end).catch(() => undefined)
        throw error
      }
    })
    this.end += bytes.byteLength
    this.batches.push(rows)
  }

  /** Drops the rows for which `isKept` is false, e.g. those beyond the checkpoint that a run resumes from. */
  async keepRows(isKept: (row: Row<T>) => boolean): Promise<void> {
    const kept = this.batches.map((rows) => rows.filter(isKept)).filter((rows) => rows.length > 0)
    if (kept.flat().length < this.rows.length) await this.replaceBatches(kept)
  }

  /** Writes the file anew, with these batches alone. */
  private async replaceBatches(batches: Row<T>[][]): Promise<void> {
    this.encoder = ipcEncoder('stream', this.schema)
    const pieces = [
      this.encoder.header,
      ...batches.map((rows) => this.encoder.encode(encodeBatch(this.table, this.schema, rows))),
    ]
    await replaceFile(this.path, async (handle) => {
      for (const piece of pieces) await writeFully(handle, piece)
    })
    await this.handle.close()
    this.handle = await guardWrite('opening', this.path, () => open(this.path, 'r+'))
    this.batches = batches
    this.end = pieces.reduce((sum, piece) => sum + piece.byteLength, 0)
  }

  /** Marks the end of the stream and lets go of the file; `openStream` takes the mark off again. */
  async close(): Promise<void> {
    await guardWrite('closing', this.path, async () => {
      try {
        await writeAt(this.handle, endOfStream, this.end)
        await this.handle.sync()
      } finally {
        await this.handle.close()
      }
    })
  }
}

/**
 * Opens a table for appending, or makes an empty one.
 *
 * A batch that was not written to its end is cut off, and so is an end-of-stream mark. Columns that an older version did not
 * have, and that may be null, are added.
 *
 * @throws {DataError} when the file is another table, or damaged before its last batch
 * @throws {RuntimeFailure} when the file system refuses
 */
export function openStream<T extends Table>(path: string, table: T): Promise<TableStream<T>> {
  return TableStream.open(path, table)
}

/** Whether a file is there and is more than the start of a header that was never completed. */
function hasHeader(path: string, header: Uint8Array): boolean {
  if (!existsSync(path)) return false
  const {size} = statSync(path)
  return size >= header.length || Buffer.compare(readFileSync(path), header.subarray(0, size)) !== 0
}

function readAll<T extends Table>(fd: number, path: string, table: T) {
  let isOlder = false
  const messages = readBatches(fd, path, table, fstatSync(fd).size, (file, known, schema) => {
    isOlder = isOlderSchema(known, schema)
    const check = isOlder ? checkSchema : checkSameSchema
    check(file, known, schema)
  })
  const batches: Row<T>[][] = []
  while (true) {
    const next = messages.next()
    if (next.done) return {batches, end: next.value.end, isOlder}
    batches.push(next.value)
  }
}

async function writeAt(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  let written = 0
  while (written < bytes.byteLength) {
    const piece = await handle.write(bytes, written, bytes.byteLength - written, offset + written)
    written += piece.bytesWritten
  }
}
