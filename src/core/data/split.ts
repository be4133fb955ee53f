import {createHash} from 'node:crypto'
import type {Partition} from '../records/records.js'
import {DataError} from '../util/errors.js'

/** How many documents are held out. */
export interface SplitSettings {
  readonly seed: number
  /** Share of documents held out, in [0, 1]. */
  readonly valFraction: number
  /** Hold out this many instead: those with the smallest hashes. */
  readonly valDocuments?: number
}

/**
 * Which documents are held out: those whose seeded content hash is small. Adding documents does not move others, and
 * equal texts fall on the same side.
 *
 * @throws {DataError} when fewer documents are there than are to be held out
 */
export function holdOut(texts: readonly string[], {seed, valFraction, valDocuments}: SplitSettings): Partition[] {
  const hashes = texts.map((text) => contentHash(text, seed))
  if (valDocuments === undefined) return hashes.map((hash) => (hash < valFraction ? 'val' : 'train'))
  if (texts.length < valDocuments)
    throw new DataError(`${valDocuments} documents are to be held out, but there are only ${texts.length}`, {
      suggestions: ['lower --val-documents', 'give more documents'],
    })
  const bound = valDocuments === 0 ? -1 : [...hashes].sort((a, b) => a - b)[valDocuments - 1]
  return hashes.map((hash) => (hash <= bound ? 'val' : 'train'))
}

/** Uniform in [0, 1), from the first 48 bits of sha256. */
function contentHash(text: string, seed: number): number {
  return createHash('sha256').update(`${seed}\n${text}`).digest().readUIntBE(0, 6) / 2 ** 48
}
