import {basename} from 'node:path'
import {compressions} from './read-chunks.js'
import {readJsonl} from './read-jsonl.js'
import {readParquet} from './read-parquet.js'
import {readText} from './read-text.js'
import type {RowFault} from './row-fault.js'
import type {RowContent, TextRule} from './text-of.js'

/** One row of a file. */
export interface RawRow {
  /** Counted from 1. */
  readonly row: number
  /** Or what is wrong with it. */
  readonly content: RowContent | RowFault
}

/** Reads the rows of a file one by one; throws a `DataError` at what cannot be put down to a row. */
export type Reader = (file: string, rule: TextRule) => AsyncGenerator<RawRow>

const lines: Readonly<Record<string, Reader>> = {'.jsonl': readJsonl, '.ndjson': readJsonl}
const texts: Readonly<Record<string, Reader>> = {'.txt': readText, '.md': readText}

/** How each kind of file is read. Parquet compresses its own pages, so that it has no compressed kinds. */
const readers: Readonly<Record<string, Reader>> = {
  ...lines,
  ...texts,
  ...Object.fromEntries(
    Object.entries({...lines, ...texts}).flatMap(([ending, reader]) =>
      compressions.map((compression) => [ending + compression, reader]),
    ),
  ),
  '.parquet': readParquet,
}

/** What can be read, in words. */
export const supportedFiles = `${Object.keys({...lines, ...texts}).join(', ')} (also ${compressions.join(', ')}), .parquet`

/** The ending that decides how a file is read, such as `.jsonl.gz`; undefined where none is known. */
export function endingOf(name: string): string | undefined {
  const lower = basename(name).toLowerCase()
  return Object.keys(readers).find((ending) => lower.endsWith(ending) && lower !== ending)
}

/** The reader of a file, or undefined when files of its kind cannot be read. */
export function readerOf(name: string): Reader | undefined {
  const ending = endingOf(name)
  return ending === undefined ? undefined : readers[ending]
}
