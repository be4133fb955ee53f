import {join} from 'node:path'
import {DataError} from '../util/errors.js'
import {readPlainText} from '../util/plain-file.js'
import {splitFiles} from './dataset-files.js'
import {describePassed, passedOver} from './file-roles.js'
import {type FolderListing, listFolder} from './list-folder.js'
import {checkDocumentFile, failReading} from './readers/read-chunks.js'
import type {SplitChoice, SplitRequest} from './split-choice.js'

/** Name of the file at the top of a data set that describes it. */
export const cardName = 'README.md'

/**
 * Chooses the documents of a folder of this machine by the rule for data sets of the Hub, from its card and its names; see
 * `splitFiles`. Files of no bytes are passed over, and of several links to one file the first is read.
 *
 * @throws {DataError} when there is no such split, no document at all, a link leads nowhere, or what would be read is no
 *   plain file
 */
export async function chooseFolderFiles(
  folder: string,
  {split, subset}: Pick<SplitRequest, 'split' | 'subset'>,
): Promise<SplitChoice> {
  const label = `documents ${folder}`
  const listing = await listFolder(folder)
  const paths = listing.files.map(({path}) => path)
  const card = paths.includes(cardName) ? readCard(folder) : null
  const choice = splitFiles([...paths, ...listing.hidden], card, {label, split, subset, isLocal: true})
  const {once, again} = onceEach(choice.files, listing)
  const empty = new Set(once.filter((path) => checkDocumentFile(join(folder, path)).size === 0))
  const passed = [
    ...choice.passed,
    ...passedOver([...listing.again, ...again], 'link'),
    ...passedOver([...empty], 'empty'),
  ]
  if (empty.size === once.length) throw new DataError(`${label} holds no documents; ${describePassed(passed)}`)
  return {...choice, files: once.filter((path) => !empty.has(path)), passed}
}

/**
 * The text of the card of a data set.
 *
 * @throws {DataError} when it cannot be read
 */
export function readCard(folder: string): string {
  const file = join(folder, cardName)
  try {
    return readPlainText(file)
  } catch (cause) {
    return failReading(file)(cause as Error)
  }
}

/** Of several ways to one file that which uses no link, else the first. */
function onceEach(
  chosen: readonly string[],
  {root, files}: FolderListing,
): {readonly once: readonly string[]; readonly again: readonly string[]} {
  const reals = new Map(files.map(({path, real}) => [path, real]))
  const own = chosen.filter((path) => reals.get(path) === join(root, path))
  const owners = new Map<string, string>()
  for (const path of [...own, ...chosen]) {
    const real = reals.get(path)!
    if (!owners.has(real)) owners.set(real, path)
  }
  const isOwner = (path: string) => owners.get(reals.get(path)!) === path
  return {once: chosen.filter(isOwner), again: chosen.filter((path) => !isOwner(path))}
}
