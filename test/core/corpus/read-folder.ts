import {mkdirSync, mkdtempSync, statSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {expect} from 'vitest'
import {chooseFolderFiles} from '../../../src/core/corpus/choose-files.js'
import {type DocumentSource, type RawDocument, readDocuments} from '../../../src/core/corpus/documents.js'
import {DataError} from '../../../src/core/util/errors.js'

/** A file that the fixture script wrote. */
export function fixture(name: string): string {
  return join(dirname(fileURLToPath(import.meta.url)), 'fixtures', name)
}

/** Writes a file into a new folder. */
export function write(name: string, content: string | Uint8Array): string {
  const file = join(mkdtempSync(join(tmpdir(), 'rpt-readers-')), name)
  mkdirSync(dirname(file), {recursive: true})
  writeFileSync(file, content)
  return file
}

/** All documents of a file, or of the split `train` of a folder. */
export async function read(path: string, changes: Partial<DocumentSource> = {}): Promise<RawDocument[]> {
  const documents = []
  const isFolder = statSync(path, {throwIfNoEntry: false})?.isDirectory() && !changes.split
  const split = isFolder && (await chooseFolderFiles(path, {split: 'train', subset: undefined}))
  for await (const document of readDocuments({path, textField: 'text', ...(split && {split}), ...changes}))
    documents.push(document)
  return documents
}

/** The texts of a source. */
export async function textsOf(path: string, changes: Partial<DocumentSource> = {}): Promise<string[]> {
  return (await read(path, changes)).map(({text}) => text)
}

/** The error that reading ends in; anything but a `DataError` fails the test. */
export async function failureOf(path: string, changes: Partial<DocumentSource> = {}): Promise<DataError> {
  const failure = await read(path, changes).catch((error) => error)
  expect(failure).toBeInstanceOf(DataError)
  return failure
}
