import {createHash} from 'node:crypto'
import {DataError} from '../util/errors.js'

/** How many documents are held out. */
export interface SplitSettings {
  /** Share of documents held out, in [0, 1]. */
  readonly valFraction: number
  /** Hold out this many instead: those with the smallest hashes. */
  readonly valDocuments?: number
}

/** What a content hash is a multiple of. */
const step = 2 ** -48

/** Seeded hash of a document's text, uniform in [0, 1): the first 48 bits of sha256. */
export function contentHash(text: string, seed: number): number {
  return createHash('sha256').update(`${seed}\n${text}`).digest().readUIntBE(0, 6) * step
}

/**
 * The bound below which a document's hash holds it out. Adding documents moves no others under a share, and equal texts
 * fall on the same side.
 *
 * @param hashes of all documents, in any order
 * @param leftOut documents that are not among them, for the message
 * @throws {DataError} when fewer documents are there than are to be held out
 */
export function holdOutBound(
  hashes: readonly number[],
  {valFraction, valDocuments}: SplitSettings,
  leftOut = 0,
): number {
  if (valDocuments === undefined) return valFraction
  if (hashes.length < valDocuments) {
    const others = leftOut > 0 ? ` besides ${leftOut} left out as too long or unusable` : ''
    throw new DataError(`${valDocuments} documents are to be held out, but there are only ${hashes.length}${others}`, {
      suggestions: [
        'lower --val-documents',
        leftOut > 0 ? 'set data.onLongDocument to cut or windows, if they are too long' : 'give more documents',
      ],
    })
  }
  return valDocuments === 0 ? 0 : Float64Array.from(hashes).sort()[valDocuments - 1] + step
}
