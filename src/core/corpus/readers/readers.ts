import {basename} from 'node:path'
import {readArrow} from './read-arrow.js'
import {compressions} from './read-chunks.js'
import {readDelimited} from './read-delimited.js'
import {readJson} from './read-json.js'
import {readJsonl} from './read-jsonl.js'
import {readParquet} from './read-parquet.js'
import {readText} from './read-text.js'
import type {Reader} from './reader.js'

const tables: Readonly<Record<string, Reader>> = {
  '.jsonl': readJsonl,
  '.ndjson': readJsonl,
  '.json': readJson,
  '.csv': readDelimited(','),
  '.tsv': readDelimited('\t'),
}
const texts: Readonly<Record<string, Reader>> = {'.txt': readText, '.md': readText}

/** Tables that are read at places, not from beginning to end; they compress themselves. */
const stores: Readonly<Record<string, Reader>> = {'.parquet': readParquet, '.arrow': readArrow}

/** How each kind of file is read. */
const readers: Readonly<Record<string, Reader>> = {
  ...tables,
  ...texts,
  ...Object.fromEntries(
    Object.entries({...tables, ...texts}).flatMap(([ending, reader]) =>
      compressions.map((compression) => [ending + compression, reader]),
    ),
  ),
  ...stores,
}

/** Lines of JSON often stand in files called `.json`, too. */
const jsonEndings = ['.json', '.ndjson']

/** What can be read, in words. */
export const supportedFiles = `${Object.keys({...tables, ...texts}).join(', ')} (also ${compressions.join(', ')}), ${Object.keys(stores).join(', ')}`

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

/** The ending by which a name promises anything but lines of JSON, compressed or not; undefined where it does not. */
export function endingOfOthers(name: string): string | undefined {
  const ending = endingOf(name)
  return ending === undefined || jsonEndings.some((own) => ending.startsWith(own)) ? undefined : ending
}

/** The ending by which a name promises a compressed file; undefined where it does not. */
export function compressionOf(name: string): string | undefined {
  return compressions.find((ending) => name.toLowerCase().endsWith(ending))
}
