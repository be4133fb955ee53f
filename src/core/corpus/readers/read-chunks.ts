import {createReadStream, type Stats} from 'node:fs'
import {pipeline} from 'node:stream'
import {createGunzip} from 'node:zlib'
import {DataError} from '../../util/errors.js'
import {checkPlainFile} from '../../util/plain-file.js'
import {isTelling, markLength, refuseForeign} from '../../util/text-bytes.js'
import {decompressZstd} from './decompress-zstd.js'

type Opener = (file: string) => AsyncIterable<Uint8Array>

/** How a file whose name ends like this is decompressed. */
const openers: Readonly<Record<string, Opener>> = {
  '.gz': openGzip,
  '.zst': (file) => decompressZstd(createReadStream(file)),
}

/** Endings of compressed files. */
export const compressions = Object.keys(openers)

/**
 * The bytes of a text file in pieces, without a byte order mark, decompressed if its name ends in `.gz` (any number of
 * members) or `.zst` (any number of frames); memory does not grow with the file.
 *
 * @throws {DataError} when it is no plain file, cannot be read or decompressed, is cut off or followed by something else, or
 *   when its first bytes say that it is no text in UTF-8
 */
export async function* readChunks(file: string): AsyncGenerator<Buffer> {
  const ending = compressions.find((suffix) => file.toLowerCase().endsWith(suffix))
  checkDocumentFile(file)
  try {
    yield* checkedText(ending ? openers[ending](file) : createReadStream(file), file)
  } catch (cause) {
    if (cause instanceof DataError) throw cause
    if ((cause as NodeJS.ErrnoException).syscall) failReading(file)(cause as Error)
    throw new DataError(`${file} cannot be decompressed: ${(cause as Error).message}`, {
      cause,
      suggestions: ['check whether the file is complete'],
    })
  }
}

/**
 * The pieces of a text without its byte order mark; where they come from does not matter.
 *
 * @param where names it in errors
 * @throws {DataError} when the first bytes say that it is no text in UTF-8
 */
export async function* checkedText(chunks: AsyncIterable<Uint8Array>, where: string): AsyncGenerator<Buffer> {
  let head: Buffer | null = Buffer.alloc(0)
  for await (const chunk of chunks) {
    const piece = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    if (head === null) yield piece
    else {
      head = Buffer.concat([head, piece])
      if (!isTelling(head)) continue
      yield checkHead(head, where)
      head = null
    }
  }
  if (head !== null) yield checkHead(head, where)
}

function checkHead(head: Buffer, where: string): Buffer {
  refuseForeign(head, where)
  return head.subarray(markLength(head))
}

/** Errors of the file reach the reader of the decompressed bytes, and whoever stops reading closes the file. */
function openGzip(file: string): AsyncIterable<Uint8Array> {
  return pipeline(createReadStream(file), createGunzip(), () => {})
}

/**
 * Checks that documents can be read from a file, before it is opened.
 *
 * @throws {DataError} when it is not there, or no plain file
 */
export function checkDocumentFile(file: string): Stats {
  try {
    return checkPlainFile(file)
  } catch (cause) {
    return failReading(file)(cause as Error)
  }
}

/** What to do when a path cannot be read. */
export function failReading(path: string): (cause: NodeJS.ErrnoException) => never {
  return (cause) => {
    if (cause instanceof DataError) throw cause
    const what = cause.code === 'ENOENT' ? 'no such file or folder' : cause.message
    throw new DataError(`reading ${path}: ${what}`, {cause})
  }
}
