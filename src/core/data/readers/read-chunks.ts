import {createReadStream} from 'node:fs'
import {pipeline} from 'node:stream'
import {createGunzip} from 'node:zlib'
import {DataError} from '../../util/errors.js'
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
 * The content of a file in pieces, decompressed if its name ends in `.gz` (any number of members) or `.zst` (any number
 * of frames); memory does not grow with the file.
 *
 * @throws {DataError} when it cannot be read or decompressed, is cut off, or is followed by something else
 */
export async function* readChunks(file: string): AsyncGenerator<Buffer> {
  const ending = compressions.find((suffix) => file.toLowerCase().endsWith(suffix))
  try {
    for await (const chunk of ending ? openers[ending](file) : createReadStream(file))
      yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).syscall) failReading(file)(cause as Error)
    throw new DataError(`${file} cannot be decompressed: ${(cause as Error).message}`, {
      cause,
      suggestions: ['check whether the file is complete'],
    })
  }
}

/** Errors of the file reach the reader of the decompressed bytes, and whoever stops reading closes the file. */
function openGzip(file: string): AsyncIterable<Uint8Array> {
  return pipeline(createReadStream(file), createGunzip(), () => {})
}

/** What to do when a path cannot be read. */
export function failReading(path: string): (cause: NodeJS.ErrnoException) => never {
  return (cause) => {
    const what = cause.code === 'ENOENT' ? 'no such file or folder' : cause.message
    throw new DataError(`reading ${path}: ${what}`, {cause})
  }
}
