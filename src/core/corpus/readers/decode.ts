import {DataError} from '../../util/errors.js'
import {decodeStrictly as decodeText} from '../../util/text-bytes.js'
import {RowFault} from './row-fault.js'

/** Bytes of a line, a text file, or a field of Parquet at the most: far above what any model reads as one document. */
export const maxDocumentBytes = 64 * 2 ** 20

/**
 * The text that UTF-8 bytes of a row stand for, all of it.
 *
 * @param where the file and row, for the message
 * @throws {RowFault} when they are not UTF-8
 */
export function decodeStrictly(bytes: Uint8Array, where: string): string {
  try {
    return decodeText(bytes, where)
  } catch (error) {
    if (error instanceof DataError) throw new RowFault('not-utf8', error.message, error)
    throw error
  }
}

/** Refuses a line, a text or a field above `maxDocumentBytes`, before it fills the memory. */
export function checkLength(bytes: number, where: string): void {
  if (bytes > maxDocumentBytes) throw tooLong(where)
}

/** The fault of a row above `maxDocumentBytes`. */
export function tooLong(where: string): RowFault {
  const suggestions = ['give JSONL with one document per line', 'split it into documents']
  return new RowFault('too-long', `${where} is longer than ${maxDocumentBytes / 2 ** 20} MiB; expected one document`, {
    suggestions,
  })
}
