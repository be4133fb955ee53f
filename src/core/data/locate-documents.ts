import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {Config} from '../config/schema.js'
import {type Origin, resolveSource} from '../hub/resolve-source.js'
import type {Services} from '../util/services.js'
import {splitFiles} from './dataset-files.js'
import type {DocumentPlace} from './documents.js'
import {failReading} from './readers/read-chunks.js'

/** Documents on this machine, and where they came from: null when they were here all along. */
export interface LocatedDocuments extends DocumentPlace {
  readonly origin: Origin | null
}

const cardName = 'README.md'

/**
 * Finds the documents of a configuration: a path as it is; of `hf:ID[@revision]` the files of `data.split`, fetched. The
 * card is fetched first, since it may say which files those are, then the files of that very commit.
 *
 * @throws {DataError} when the data set has no such split, or several that could be meant
 */
export async function locateDocuments(
  {documents, split, subset}: Pick<Config['data'], 'documents' | 'split' | 'subset'>,
  {progress, signal}: Pick<Services, 'progress' | 'signal'>,
  resolve: typeof resolveSource = resolveSource,
): Promise<LocatedDocuments> {
  const find = (source: string, choose: (all: readonly string[]) => readonly string[]) =>
    resolve('documents', source, {kind: 'dataset', progress, signal, files: (path, all) => choose(all).includes(path)})
  const dataset = documents!.replace(/^hf:|@.*$/g, '')
  const filesOf = once((all: readonly string[], card: string | null) => splitFiles(all, card, {dataset, split, subset}))

  const first = await find(documents!, (all) => (all.includes(cardName) ? [cardName] : filesOf(all, null)))
  if (first.origin === null) return {path: first.folder, origin: null}
  const {id, revision} = first.origin
  const file = join(first.folder, cardName)
  const card = first.files.includes(cardName) ? await readFile(file, 'utf8').catch(failReading(file)) : null
  const {folder, origin, files} = await find(`hf:${id}@${revision}`, (all) => filesOf(all, card))
  return {path: folder, split: {dataset, files: files.toSorted()}, origin}
}

/** Remembers the last answer: a filter is asked about every path of the same listing. */
function once(choose: (all: readonly string[], card: string | null) => readonly string[]): typeof choose {
  let last: {all: readonly string[]; card: string | null; files: readonly string[]} | undefined
  return (all, card) => {
    if (last?.all !== all || last.card !== card) last = {all, card, files: choose(all, card)}
    return last.files
  }
}
