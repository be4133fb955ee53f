import {DataError} from '../../util/errors.js'
import {checkLength, decodeStrictly} from './decode.js'
import {readChunks} from './read-chunks.js'
import type {RawRow} from './readers.js'

/**
 * Reads a text file as one document.
 *
 * @throws {DataError} when it is empty, not UTF-8, or longer than `maxDocumentBytes`
 */
export async function* readText(file: string): AsyncGenerator<RawRow> {
  const parts: Buffer[] = []
  let length = 0
  for await (const chunk of readChunks(file)) {
    parts.push(chunk)
    length += chunk.length
    checkLength(length, file)
  }
  if (length === 0) throw new DataError(`${file} is empty; expected a text`)
  yield {row: 1, text: decodeStrictly(Buffer.concat(parts), file)}
}
