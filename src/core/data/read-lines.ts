import {checkLength, decodeStrictly} from './readers/decode.js'
import {readChunks} from './readers/read-chunks.js'

/** A line that is not blank. */
export interface Line {
  /** Counted from 1, blank lines included. */
  readonly row: number
  readonly text: string
}

/**
 * Reads the lines of a UTF-8 file one by one, decompressed if its name ends in .gz or .zst; memory does not grow with
 * the file.
 *
 * @throws {DataError} when the file cannot be read, or with the row that is not UTF-8 or longer than `maxDocumentBytes`
 */
export async function* readLines(file: string): AsyncGenerator<Line> {
  let row = 0
  for await (const bytes of splitLines(file)) {
    row++
    // Files that were joined leave their byte order marks in the middle.
    const text = decodeStrictly(bytes, `${file}:${row}`).replace(/^\ufeff+/, '')
    if (text.trim() !== '') yield {row, text}
  }
}

/** Lines as bytes, without their line feeds: decoding first would paper over broken UTF-8. */
async function* splitLines(file: string): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  let length = 0
  let row = 1
  for await (const chunk of readChunks(file)) {
    let start = 0
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      const piece = chunk.subarray(start, end)
      checkLength(length + piece.length, `${file}:${row}`)
      yield parts.length > 0 ? Buffer.concat([...parts, piece]) : piece
      parts = []
      length = 0
      row++
      start = end + 1
    }
    if (start < chunk.length) parts.push(chunk.subarray(start))
    length += chunk.length - start
    checkLength(length, `${file}:${row}`)
  }
  if (length > 0) yield Buffer.concat(parts)
}

const lineFeed = 0x0a
