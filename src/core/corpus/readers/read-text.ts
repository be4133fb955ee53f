import {decodeStrictly, maxDocumentBytes, tooLong} from './decode.js'
import {readChunks} from './read-chunks.js'
import type {RawRow} from './reader.js'
import {orFault, RowFault} from './row-fault.js'

/**
 * Reads a text file as one document.
 *
 * @throws {DataError} when it cannot be read
 */
export async function* readText(file: string): AsyncGenerator<RawRow> {
  const parts: Buffer[] = []
  let length = 0
  for await (const chunk of readChunks(file)) {
    parts.push(chunk)
    length += chunk.length
    if (length > maxDocumentBytes) break
  }
  yield {row: 1, content: orFault(() => textOfFile(parts, length, file))}
}

function textOfFile(parts: readonly Buffer[], length: number, file: string): string {
  if (length > maxDocumentBytes) throw tooLong(file)
  const text = decodeStrictly(Buffer.concat(parts), file)
  if (text === '') throw new RowFault('empty', `${file} is empty; expected a text`)
  return text
}
