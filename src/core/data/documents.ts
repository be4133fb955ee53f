import {createReadStream} from 'node:fs'
import {open, readdir, readFile, stat} from 'node:fs/promises'
import {basename, extname, join, relative, sep} from 'node:path'
import {createInterface} from 'node:readline'
import {DataError} from '../util/errors.js'

/** A document as it stands in its file. */
export interface RawDocument {
  /** `<file>:<row>`, rows counted from 1; the file is relative to the folder that was given. */
  readonly docId: string
  readonly text: string
}

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

/**
 * Reads documents one by one; memory does not grow with the corpus.
 *
 * @throws {DataError} with file and row when something is missing, malformed, empty, or no UTF-8
 */
export async function* readDocuments({path, textField, limit}: DocumentSource): AsyncGenerator<RawDocument> {
  let count = 0
  for (const {file, name} of await listDocumentFiles(path))
    for await (const document of readers[extname(file)](file, name, textField)) {
      yield document
      if (++count === limit) return
    }
  if (count === 0) throw new DataError(`${path} holds no documents`)
}

async function listDocumentFiles(path: string): Promise<{file: string; name: string}[]> {
  const supported = Object.keys(readers).join(', ')
  const info = await stat(path).catch((cause) => {
    throw new DataError(`reading documents ${path}: ${cause.code === 'ENOENT' ? 'no such file' : cause.message}`, {
      cause,
    })
  })
  if (info.isFile()) {
    if (extname(path) in readers) return [{file: path, name: basename(path)}]
    throw new DataError(
      `documents ${path}: files of type ${extname(path) || '(none)'} cannot be read; supported: ${supported}`,
    )
  }
  const names = (await readdir(path, {recursive: true})).filter((name) => extname(name) in readers).sort()
  if (names.length === 0) throw new DataError(`${path} holds no documents; supported: ${supported}`)
  return names.map((name) => ({file: join(path, name), name: relative('.', name).split(sep).join('/')}))
}

async function* readText(file: string, name: string): AsyncGenerator<RawDocument> {
  const text = decodeStrictly(await readFile(file), `${name}:1`)
  if (text === '') throw new DataError(`${file} is empty`)
  yield {docId: `${name}:1`, text}
}

async function* readJsonl(file: string, name: string, textField: string): AsyncGenerator<RawDocument> {
  await checkReadable(file)
  // latin1 keeps the bytes of a line as they are, so that broken UTF-8 is found and not papered over.
  const lines = createInterface({input: createReadStream(file, 'latin1'), crlfDelay: Number.POSITIVE_INFINITY})
  let row = 0
  for await (const line of lines) {
    row++
    if (line.trim() === '') continue
    const text = textOf(decodeStrictly(Buffer.from(line, 'latin1'), `${file}:${row}`), `${file}:${row}`, textField)
    yield {docId: `${name}:${row}`, text}
  }
}

async function checkReadable(file: string): Promise<void> {
  const handle = await open(file).catch((cause) => {
    throw new DataError(`reading documents ${file}: ${cause.message}`, {cause})
  })
  await handle.close()
}

function decodeStrictly(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes)
  } catch (cause) {
    throw new DataError(`${where} is not UTF-8`, {cause})
  }
}

function textOf(line: string, where: string, textField: string): string {
  let row: unknown
  try {
    row = JSON.parse(line)
  } catch (cause) {
    throw new DataError(`${where} is not JSON: ${(cause as Error).message}`, {cause})
  }
  if (typeof row !== 'object' || row === null || Array.isArray(row))
    throw new DataError(`${where} is not a JSON object; expected {"${textField}": "..."}`)
  const text = (row as Record<string, unknown>)[textField]
  if (typeof text === 'string' && text !== '') return text
  const texts = Object.entries(row).flatMap(([field, value]) => (typeof value === 'string' && value ? [field] : []))
  throw new DataError(`${where}: field ${textField} is ${JSON.stringify(text) ?? 'missing'}; expected a text`, {
    suggestions: texts.length > 0 ? [`set data.textField to one of ${texts.join(', ')}`] : [],
  })
}
