import {stat} from 'node:fs/promises'
import {basename, extname, join} from 'node:path'
import {DataError} from '../util/errors.js'
import {chooseFolderFiles} from './choose-files.js'
import {checkDocumentFile, failReading} from './readers/read-chunks.js'
import {readerOf, supportedFiles} from './readers/readers.js'
import type {TextRule} from './readers/text-of.js'

/** A document as it stands in its file. */
export interface RawDocument {
  /** `<file>:<row>` with the file relative to the folder that was given, or `<dataset>:<row>`; rows counted from 1. */
  readonly docId: string
  readonly text: string
}

/** Where documents are. */
export interface DocumentPlace {
  /** A file, or a folder. */
  readonly path: string
  /** The only files of the folder that are read; of a Hub data set, by its name, as one row after the other. */
  readonly split?: {readonly dataset?: string; readonly files: readonly string[]}
}

/** Where documents are and how they are read. */
export interface DocumentSource extends DocumentPlace, TextRule {
  /** Read only the first documents. */
  readonly limit?: number
}

/**
 * Reads documents one by one; memory does not grow with the corpus.
 *
 * @throws {DataError} with file and row when something is missing, malformed, empty, or no Unicode text
 */
export async function* readDocuments(source: DocumentSource): AsyncGenerator<RawDocument> {
  const {path, split, limit} = source
  let count = 0
  for (const {file, name} of await listDocumentFiles(source)) {
    for await (const {row, text} of readerOf(file)!(file, source)) {
      count++
      yield {docId: split?.dataset ? `${split.dataset}:${count}` : `${name}:${row}`, text}
      if (count === limit) return
    }
  }
  if (count === 0) throw new DataError(`${path} holds no documents`)
}

/**
 * The files that documents are read from, in order: all that the result depends on.
 *
 * @throws {DataError} when there are none, or a file is of a kind that cannot be read
 */
export async function listDocumentFiles({path, split}: DocumentPlace): Promise<{file: string; name: string}[]> {
  if (split) return split.files.map((name) => ({file: join(path, name), name}))
  const info = await stat(path).catch(failReading(path))
  if (!info.isDirectory()) {
    checkDocumentFile(path)
    if (readerOf(path)) return [{file: path, name: basename(path)}]
    const type = extname(path) || '(none)'
    throw new DataError(`documents ${path}: files of type ${type} cannot be read; supported: ${supportedFiles}`)
  }
  const {files} = await chooseFolderFiles(path, {split: 'train'})
  return files.map((name) => ({file: join(path, name), name}))
}
