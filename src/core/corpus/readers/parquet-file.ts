import {type FileHandle, open} from 'node:fs/promises'
import {type FileMetaData, parquetMetadataAsync, parquetSchema, type SchemaTree} from 'hyparquet'
import {DataError} from '../../util/errors.js'
import {checkDocumentFile, failReading} from './read-chunks.js'

/** Bytes of a footer at the most. */
const maxFooterBytes = 256 * 2 ** 20
/** Footer length and magic word at the end of a file; the magic word alone at its start. */
const [tailBytes, magicBytes] = [8, 4]

/** An open Parquet file with what its footer says. */
export interface ParquetFile {
  readonly path: string
  readonly handle: FileHandle
  readonly size: number
  readonly metadata: FileMetaData
  readonly schema: SchemaTree
}

/**
 * Opens a file and reads its footer.
 *
 * @throws {DataError} when it cannot be read, or is no whole Parquet file
 */
export async function openParquet(path: string): Promise<ParquetFile> {
  checkDocumentFile(path)
  const handle = await open(path).catch(failReading(path))
  try {
    const {size} = await handle.stat()
    await checkFooter(handle, size, path)
    const slice = async (start: number, end = size) => (await readBytes(handle, start, end - start)).buffer
    const metadata = await parquetMetadataAsync({byteLength: size, slice}, {geoparquet: false, parsers}).catch(
      failDecoding(`${path}: the footer of the Parquet file`),
    )
    return {path, handle, size, metadata, schema: parquetSchema(metadata)}
  } catch (cause) {
    await handle.close()
    throw cause
  }
}

/** What to do when bytes are not what Parquet says they are. */
export function failDecoding(what: string): (cause: Error) => never {
  return (cause) => {
    if (cause instanceof DataError) throw cause
    throw new DataError(`${what} cannot be decoded: ${cause.message}`, {
      cause,
      suggestions: ['check whether the file is complete'],
    })
  }
}

/** Strings stay bytes, so that a row that is not UTF-8 can be named. */
const parsers = {stringFromBytes: (bytes: Uint8Array) => bytes}

/** Exactly these bytes, in a buffer of their own. */
export async function readBytes(handle: FileHandle, position: number, length: number) {
  const bytes = new Uint8Array(length)
  const {bytesRead} = await handle.read(bytes, 0, length, position)
  if (bytesRead < length) throw new Error(`needs ${length} bytes at ${position} and finds ${bytesRead}`)
  return bytes
}

async function checkFooter(handle: FileHandle, size: number, path: string): Promise<void> {
  const tail = size < tailBytes + magicBytes ? undefined : await readBytes(handle, size - tailBytes, tailBytes)
  if (!tail || Buffer.from(tail.subarray(-magicBytes)).toString('latin1') !== 'PAR1')
    throw new DataError(`${path} is not a complete Parquet file: it does not end in PAR1`, {
      suggestions: ['fetch it again: it may be truncated'],
    })
  const length = new DataView(tail.buffer).getUint32(0, true)
  if (length > Math.min(size - tailBytes - magicBytes, maxFooterBytes))
    throw new DataError(`${path}: its footer says that it has ${length} bytes; the file has ${size}`)
}
