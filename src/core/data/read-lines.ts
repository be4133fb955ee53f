import {createReadStream} from 'node:fs'
import {DataError} from '../util/errors.js'

/** A line that is not blank. */
export interface Line {
  /** Counted from 1, blank lines included. */
  readonly row: number
  readonly text: string
}

/**
 * Reads the lines of a UTF-8 file one by one; memory does not grow with the file.
 *
 * @throws {DataError} when the file cannot be read, or with the row that is not UTF-8
 */
export async function* readLines(file: string): AsyncGenerator<Line> {
  let row = 0
  for await (const bytes of splitLines(file)) {
    row++
    const line = decodeStrictly(bytes, `${file}:${row}`)
    // A byte order mark belongs to the file, not to its first row.
    const text = row === 1 ? line.replace(/^\ufeff/, '') : line
    if (text.trim() !== '') yield {row, text}
  }
}

/**
 * The text that UTF-8 bytes stand for, a byte order mark included.
 *
 * @param where the file and row, for the message
 * @throws {DataError} when they are not UTF-8
 */
export function decodeStrictly(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes)
  } catch (cause) {
    throw new DataError(`${where} is not UTF-8`, {cause})
  }
}

/** What to do when a path cannot be read. */
export function failReading(path: string): (cause: NodeJS.ErrnoException) => never {
  return (cause) => {
    const what = cause.code === 'ENOENT' ? 'no such file or folder' : cause.message
    throw new DataError(`reading ${path}: ${what}`, {cause})
  }
}

/** Lines as bytes, without their line feeds: decoding first would paper over broken UTF-8. */
async function* splitLines(file: string): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  for await (const chunk of readChunks(file)) {
    let start = 0
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      yield Buffer.concat([...parts, chunk.subarray(start, end)])
      parts = []
      start = end + 1
    }
    parts.push(chunk.subarray(start))
  }
  const rest = Buffer.concat(parts)
  if (rest.length > 0) yield rest
}

const lineFeed = 0x0a

async function* readChunks(file: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(file)
  } catch (cause) {
    failReading(file)(cause as Error)
  }
}
