import {statSync} from 'node:fs'
import type {Config} from '../config/schema.js'
import type {FileFilter} from '../hub/model-files.js'
import {type Origin, resolveSource} from '../hub/resolve-source.js'
import {plural} from '../util/plural.js'
import type {Progress} from '../util/progress.js'
import type {Services} from '../util/services.js'
import {cardName, chooseFolderFiles, readCard} from './choose-files.js'
import {splitFiles} from './dataset-files.js'
import type {DocumentPlace} from './documents.js'
import {describePassed, listNames, reasons} from './file-roles.js'
import {savedFiles} from './saved-dataset.js'
import {asksForPart, everySplit, type SplitChoice} from './split-choice.js'
import {spoolStandardInput, standardInput} from './standard-input.js'

/** Documents on this machine, and where they came from: null when they were here all along. */
export interface LocatedDocuments extends DocumentPlace {
  readonly origin: Origin | null
  /** Removes what was made for reading; absent where nothing was. */
  readonly release?: () => void
}

/** Which documents are meant. */
type DocumentSettings = Pick<Config['data'], 'documents' | 'split' | 'subset'>

/**
 * Finds the documents of a configuration: a file as it is; of a folder, and of `hf:ID[@revision]`, the files of
 * `data.split`. Of the Hub's the card is fetched first, since it may say which files those are, then the files of that very
 * commit. What is read and what is passed over is said. `-` is the standard input.
 *
 * @throws {DataError} when there is no such split, or several that could be meant
 */
export async function locateDocuments(
  settings: DocumentSettings,
  services: Pick<Services, 'progress' | 'signal' | 'commits'>,
  resolve: typeof resolveSource = resolveSource,
): Promise<LocatedDocuments> {
  const {documents, split, subset} = settings
  const {progress, signal, commits} = services
  if (documents === standardInput) {
    const {file, remove} = await spoolStandardInput(services)
    return {path: file, name: 'stdin', label: 'standard input', origin: null, release: remove}
  }
  const find = (source: string, choose: (all: readonly string[]) => readonly string[]) =>
    resolve('documents', source, {
      kind: 'dataset',
      progress,
      signal,
      commits,
      files: filterOf(choose),
    })
  const dataset = documents!.replace(/^hf:|@.*$/g, '')
  const label = `data set ${dataset}`
  const choose = (all: readonly string[], card: string | null) => splitFiles(all, card, {label, split, subset})

  const first = await find(documents!, (all) => (all.includes(cardName) ? [cardName] : choose(all, null).files))
  if (first.origin === null) return locateLocally(first.folder, settings, progress)
  const {id, revision} = first.origin
  const card = first.files.includes(cardName) ? readCard(first.folder) : null
  let choice: SplitChoice | undefined
  const {folder, origin, files} = await find(`hf:${id}@${revision}`, (all) => {
    choice = choose(all, card)
    return choice.files
  })
  report(label, split, choice!, progress)
  return {path: folder, split: {dataset, files: files.toSorted()}, origin}
}

async function locateLocally(
  path: string,
  {split, subset}: DocumentSettings,
  progress: Progress,
): Promise<LocatedDocuments> {
  const label = `documents ${path}`
  if (!statSync(path).isDirectory()) {
    if (asksForPart({split, subset}))
      progress.warn(
        `${label} is a file and is read whole: data.split and data.subset choose among the files of a folder`,
      )
    return {path, origin: null}
  }
  const choice = savedFiles(path, {split, subset}) ?? (await chooseFolderFiles(path, {split, subset}))
  report(label, split, choice, progress)
  return {path, split: {files: choice.files}, origin: null}
}

/** Says what is read, and in another line what is not; as a warning where that may be a loss. */
function report(label: string, split: string, {files, others, passed, doubts}: SplitChoice, progress: Progress): void {
  const count = plural(files.length, 'file')
  const there = others && others.length > 0 ? `; there are also: ${listNames(others)}` : ''
  const which = split === everySplit && there === '' ? 'every split' : `the split ${listNames([split])}`
  progress.log(`${label}: reads ${others === null ? count : `${which} (${count})${there}`}`)
  const line = describePassed(passed)
  const isLoss = passed.some(({reason}) => reasons[reason].isLoss)
  if (line) progress[isLoss ? 'warn' : 'log'](`${label}: ${line}`)
  for (const doubt of doubts) progress.warn(doubt)
}

/** A filter that chooses once: it is asked about every path of the same listing. */
function filterOf(choose: (all: readonly string[]) => readonly string[]): FileFilter {
  let last: {readonly all: readonly string[]; readonly chosen: ReadonlySet<string>} | undefined
  return (path, all) => {
    if (last?.all !== all) last = {all, chosen: new Set(choose(all))}
    return last.chosen.has(path)
  }
}
