import {basename, extname, join} from 'node:path'
import type {ChatTemplate} from '../tokenizer/chat-template.js'
import {DataError} from '../util/errors.js'
import {BadRows} from './bad-rows.js'
import {checkDocumentFile} from './readers/read-chunks.js'
import {readerOf, supportedFiles} from './readers/readers.js'
import {RowFault} from './readers/row-fault.js'
import {linesOf, rowsOfFile} from './readers/row-names.js'
import type {TextRule} from './readers/text-of.js'
import {type RowText, renderRows} from './render-rows.js'

/** A document as it stands in its file. */
export interface RawDocument extends RowText {
  /** `<file>:<row>` with the file relative to the folder that was given, or `<dataset>:<row>`; rows counted from 1. */
  readonly docId: string
}

/** Where documents are. */
export interface DocumentPlace {
  /** A file, or the folder of `split`. */
  readonly path: string
  /** What the file is called in a `doc_id`; its own name when absent. */
  readonly name?: string
  /** What errors call it, where its path says nothing to the user. */
  readonly label?: string
  /** The only files of the folder that are read; of a Hub data set, by its name, as one row after the other. */
  readonly split?: {readonly dataset?: string; readonly files: readonly string[]}
}

/** A file of documents. */
export interface DocumentFile {
  /** Path. */
  readonly file: string
  /** What it is called in a `doc_id`. */
  readonly name: string
}

/** Where documents are and how they are read. */
export interface DocumentSource extends DocumentPlace, TextRule {
  /** Read only the first documents. */
  readonly limit?: number
  /** What messages are put into. */
  readonly chatTemplate?: ChatTemplate | null
}

/**
 * Reads documents one by one; memory does not grow with the corpus.
 *
 * @param badRows is told of every row that is malformed, empty, or no Unicode text, and may throw it
 * @throws {DataError} when a file cannot be read, or there are no documents
 */
export async function* readDocuments(source: DocumentSource, badRows = new BadRows()): AsyncGenerator<RawDocument> {
  const {path, label, split, limit, chatTemplate = null} = source
  let rows = 0
  let count = 0
  for (const {file, name} of listDocumentFiles(source)) {
    const names = label === undefined ? rowsOfFile(file) : linesOf(label)
    for await (const {row, content} of renderRows(readerOf(file)!(file, source, names), names, chatTemplate)) {
      const docId = split?.dataset ? `${split.dataset}:${++rows}` : `${name}:${row}`
      if (content instanceof RowFault) badRows.meet(docId, content)
      else {
        yield {docId, ...content}
        if (++count === limit) return
      }
    }
  }
  if (count > 0) return
  throw new DataError(`${label ?? path} holds no documents${badRows.warning ? `; ${badRows.warning}` : ''}`)
}

/**
 * The files that documents are read from, in order: all that the result depends on.
 *
 * @throws {DataError} when there are none, or a file is of a kind that cannot be read
 */
export function listDocumentFiles({path, name, split}: DocumentPlace): DocumentFile[] {
  if (split) return split.files.map((file) => ({file: join(path, file), name: file}))
  checkDocumentFile(path)
  if (readerOf(path)) return [{file: path, name: name ?? basename(path)}]
  const type = extname(path) || '(none)'
  throw new DataError(`documents ${path}: files of type ${type} cannot be read; supported: ${supportedFiles}`)
}
