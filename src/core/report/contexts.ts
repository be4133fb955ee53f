import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {documentsTable, readRows} from '../tables/index.js'
import {tail} from './format.js'

/** A position of a document. */
export interface PositionKey {
  readonly doc_id: string
  readonly position: number
}

/** Where a position is: the end of the text before it, and the byte of its document where it starts. */
export interface Place {
  readonly context: string
  readonly byte: number
}

/** Looks up the end of the text before a position; null where the document is not at hand. */
export type ContextLookup = (key: PositionKey) => string | null

/** The text before each of `keys`, as `readPlaces` finds it. */
export function readContexts(dataDir: unknown, keys: readonly PositionKey[], length: number): ContextLookup {
  const placeOf = readPlaces(dataDir, keys, length)
  return (key) => placeOf(key)?.context ?? null
}

/**
 * The places of `keys`, read from `documents.arrow` of prepared data; only the documents asked for are kept.
 *
 * @param dataDir where prepared data may be; nothing is found where it is undefined or gone
 * @param length characters shown of each context, counted from its end
 */
export function readPlaces(
  dataDir: unknown,
  keys: readonly PositionKey[],
  length: number,
): (key: PositionKey) => Place | null {
  const path = typeof dataDir === 'string' ? join(dataDir, 'documents.arrow') : ''
  if (!existsSync(path) || keys.length === 0) return () => null
  const wanted = new Set(keys.map(({doc_id}) => doc_id))
  const documents = new Map<string, {readonly text: Buffer; readonly byteOffsets: Int32Array}>()
  for (const {doc_id, text, byte_offsets} of readRows(path, documentsTable)) {
    if (wanted.has(doc_id)) documents.set(doc_id, {text: Buffer.from(text), byteOffsets: byte_offsets})
    if (documents.size === wanted.size) break
  }
  return ({doc_id, position}) => {
    const document = documents.get(doc_id)
    const byte = document?.byteOffsets[position]
    return document && byte !== undefined
      ? {context: tail(document.text.toString('utf8', 0, byte), length), byte}
      : null
  }
}
