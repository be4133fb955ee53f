import {readdir, readFile, stat} from 'node:fs/promises'
import {basename, extname, join, relative, sep} from 'node:path'
import {DataError} from '../util/errors.js'
import {decodeStrictly, failReading, readLines} from './read-lines.js'

/** A document as it stands in its file. */
export interface RawDocument {
  /** `<file>:<row>`, rows counted from 1; the file is relative to the folder that was given. */
  readonly docId: string
  readonly text: string
}

/** Where documents are and how they are read. */
export interface DocumentSource {
  /** A file, or a folder that is searched through in the order of names. */
  readonly path: string
  /** Field of a JSONL row that holds the text. */
  readonly textField: string
  /** Read only the first documents. */
  readonly limit?: number
}

type Reader = (file: string, name: string, textField: string) => AsyncGenerator<RawDocument>

/** How each kind of file is read. */
const readers: Readonly<Record<string, Reader>> = {
  '.jsonl': readJsonl,
  '.ndjson': readJsonl,
  '.txt': readText,
  '.md': readText,
}
const supported = Object.keys(readers).join(', ')

/**
 * Reads documents one by one; memory does not grow with the corpus.
 *
 * @throws {DataError} with file and row when something is missing, malformed, empty, or no Unicode text
 */
export async function* readDocuments({path, textField, limit}: DocumentSource): AsyncGenerator<RawDocument> {
  let count = 0
  for (const {file, name} of await listDocumentFiles(path))
    for await (const document of readerOf(file)!(file, name, textField)) {
      yield document
      if (++count === limit) return
    }
  if (count === 0) throw new DataError(`${path} holds no documents`)
}

function readerOf(file: string): Reader | undefined {
  return readers[extname(file).toLowerCase()]
}

async function listDocumentFiles(path: string): Promise<{file: string; name: string}[]> {
  const info = await stat(path).catch(failReading(path))
  if (!info.isDirectory()) {
    if (readerOf(path)) return [{file: path, name: basename(path)}]
    const type = extname(path) || '(none)'
    throw new DataError(`documents ${path}: files of type ${type} cannot be read; supported: ${supported}`)
  }
  const entries = await readdir(path, {recursive: true, withFileTypes: true}).catch(failReading(path))
  const files = entries
    .filter((entry) => !entry.isDirectory() && readerOf(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({file, name: relative(path, file).split(sep).join('/')}))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  if (files.length === 0) throw new DataError(`${path} holds no documents; supported: ${supported}`)
  return files
}

async function* readText(file: string, name: string): AsyncGenerator<RawDocument> {
  const text = decodeStrictly(await readFile(file).catch(failReading(file)), file)
  if (text === '') throw new DataError(`${file} is empty; expected a text`)
  yield {docId: `${name}:1`, text}
}

async function* readJsonl(file: string, name: string, textField: string): AsyncGenerator<RawDocument> {
  for await (const {row, text} of readLines(file))
    yield {docId: `${name}:${row}`, text: textOf(text, `${file}:${row}`, textField)}
}

function textOf(line: string, where: string, textField: string): string {
  const row = parseRow(line, where)
  if (typeof row !== 'object' || row === null || Array.isArray(row))
    throw new DataError(`${where} is not a JSON object; expected {${JSON.stringify(textField)}: "..."}`)
  const text: unknown = Object.hasOwn(row, textField) ? (row as Record<string, unknown>)[textField] : undefined
  if (typeof text === 'string' && /\p{Surrogate}/u.test(text))
    throw new DataError(`${where}: field ${textField} has half a surrogate pair, which no UTF-8 can hold`)
  if (typeof text === 'string' && text !== '') return text
  const texts = Object.entries(row).flatMap(([field, value]) => (typeof value === 'string' && value ? [field] : []))
  throw new DataError(`${where}: field ${textField} is ${describe(text)}; expected a text`, {
    suggestions: texts.length > 0 ? [`set data.textField to one of ${texts.join(', ')}`] : [],
  })
}

function parseRow(line: string, where: string): unknown {
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw new DataError(`${where} is not JSON: ${(cause as Error).message}`, {cause})
  }
}

function describe(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === '') return 'empty'
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}
