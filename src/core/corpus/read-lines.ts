import {decodeStrictly, tooLong} from './readers/decode.js'
import {readChunks} from './readers/read-chunks.js'
import {RowBytes} from './readers/row-bytes.js'
import {orFault, RowFault} from './readers/row-fault.js'
import {type RowNames, rowsOfFile} from './readers/row-names.js'

/** A line that is not blank. */
export interface Line {
  /** Counted from 1, blank lines included. */
  readonly row: number
  /** Or why it is no text: not UTF-8, or longer than `maxDocumentBytes`. */
  readonly text: string | RowFault
}

/**
 * Reads the lines of a UTF-8 file one by one, decompressed if its name ends in .gz or .zst; memory does not grow with
 * the file.
 *
 * @param names of lines, for errors
 * @throws {DataError} when the file cannot be read
 */
export async function* readLines(file: string, names: RowNames = rowsOfFile(file)): AsyncGenerator<Line> {
  let row = 0
  for await (const bytes of splitLines(file)) {
    row++
    const where = names(row)
    const line = bytes === null ? tooLong(where) : orFault(() => decodeStrictly(bytes, where))
    if (line instanceof RowFault) yield {row, text: line}
    else {
      // Files that were joined leave their byte order marks in the middle.
      const text = line.replace(/^\ufeff+/, '')
      if (text.trim() !== '') yield {row, text}
    }
  }
}

/**
 * Lines as bytes, without their line feeds: decoding first would paper over broken UTF-8. Null is a line that is too long,
 * told as soon as that is known; the rest of it is passed over.
 */
async function* splitLines(file: string): AsyncGenerator<Buffer | null> {
  const line = new RowBytes()
  for await (const chunk of readChunks(file)) {
    for (let start = 0; start < chunk.length; ) {
      const feed = chunk.indexOf(lineFeed, start)
      const end = feed < 0 ? chunk.length : feed
      if (line.add(chunk.subarray(start, end))) yield null
      start = end + 1
      if (feed < 0) break
      const {isTooLong} = line
      const bytes = line.take()
      if (!isTooLong) yield bytes
    }
  }
  if (!line.isEmpty && !line.isTooLong) yield line.take()
}

const lineFeed = 0x0a
