import {DataError} from '../../util/errors.js'

export {decodeStrictly} from '../../util/text-bytes.js'

/** Bytes of a line, a text file, or a field of Parquet at the most: far above what any model reads as one document. */
export const maxDocumentBytes = 64 * 2 ** 20

/** Refuses a line, a text or a field above `maxDocumentBytes`, before it fills the memory. */
export function checkLength(bytes: number, where: string): void {
  if (bytes > maxDocumentBytes)
    throw new DataError(`${where} is longer than ${maxDocumentBytes / 2 ** 20} MiB; expected one document`, {
      suggestions: ['give JSONL with one document a line', 'cut it into documents'],
    })
}
