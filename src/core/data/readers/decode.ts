import {RowFault} from './row-fault.js'

/** Bytes of a line, a text file, or a field of Parquet at the most: far above what any model reads as one document. */
export const maxDocumentBytes = 64 * 2 ** 20

const decoder = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true})

/**
 * The text that UTF-8 bytes stand for, a byte order mark included.
 *
 * @param where the file and row, for the message
 * @throws {RowFault} when they are not UTF-8
 */
export function decodeStrictly(bytes: Uint8Array, where: string): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new RowFault('not-utf8', `${where} is not UTF-8`, {cause})
  }
}

/** Refuses a line, a text or a field above `maxDocumentBytes`, before it fills the memory. */
export function checkLength(bytes: number, where: string): void {
  if (bytes > maxDocumentBytes) throw tooLong(where)
}

/** The fault of a row above `maxDocumentBytes`. */
export function tooLong(where: string): RowFault {
  const suggestions = ['give JSONL with one document a line', 'cut it into documents']
  return new RowFault('too-long', `${where} is longer than ${maxDocumentBytes / 2 ** 20} MiB; expected one document`, {
    suggestions,
  })
}
