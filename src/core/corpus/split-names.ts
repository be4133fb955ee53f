import {DataError} from '../util/errors.js'
import {listNames} from './file-roles.js'
import {everySplit, noSplit, type Place, type SplitChoice, type SplitRequest} from './split-choice.js'

/** Split -> words that name it. */
const keywords: Readonly<Record<string, readonly string[]>> = {
  train: ['train', 'training'],
  validation: ['validation', 'valid', 'dev', 'val'],
  test: ['test', 'testing', 'eval', 'evaluation'],
}

/** A file, the split that its name says, and the folders before the one that says it. */
interface Named {
  readonly path: string
  readonly split: string
  readonly place: string
}

type NameRule = (names: readonly string[]) => {split: string; depth: number} | undefined

/**
 * Names of shards say a split where they are a word for one, or lie in a folder `data`. `save_to_disk` writes shards of the
 * name `data`: no split.
 */
const shardOf: NameRule = (names) => {
  const word = /^(\w+(?:\.\w+)*)-\d{5}-of-\d{5}[.-]/.exec(names.at(-1)!)?.[1]
  if (word === undefined || word === 'data') return undefined
  const split = canonical(word)
  return Object.hasOwn(keywords, split) || names.at(-2) === 'data' ? {split, depth: names.length - 1} : undefined
}

/** From the surest to the vaguest: the first rule that finds a split in any file decides for all. */
const nameRules: readonly NameRule[] = [
  shardOf,
  (names) => firstKeyword(names.slice(0, -1), 0),
  (names) => firstKeyword(names.slice(-1), names.length - 1),
]

/**
 * The files of a split by their names, where no card says more.
 *
 * A text is a document and its name a title, in which `test` may be a word like any other: names of texts count only where
 * every one of them says a split.
 *
 * @throws {DataError} when no file is of the split, or, on the Hub, it lies in several folders
 */
export function splitsByNames(places: readonly Place[], areTexts: boolean, request: SplitRequest): SplitChoice {
  const {label, split, isLocal} = request
  const found = nameRules.map((rule) => namedBy(rule, places))
  const named = found.find((files) => files.length > 0 && (!areTexts || files.length === places.length))
  const candidates = named ?? places.map(({path, name}): Named => ({path, split: 'train', place: folderOf(name)}))
  const splits = [...new Set(candidates.map((file) => file.split))]
  const isAll = split === everySplit && !splits.includes(split)
  const chosen = isAll ? candidates : candidates.filter((file) => file.split === canonical(split))
  if (chosen.length === 0) throw noSplit(request, splits)
  const folders = [...new Set(chosen.map(({place}) => place))]
  if (folders.length > 1 && !isLocal)
    throw new DataError(`${label} has split ${split} in ${folders.length} folders`, {
      suggestions: [`set data.subset to one of ${listNames(folders.filter((place) => place !== ''))}`],
    })
  const said = new Map(candidates.map((file) => [file.path, file.split]))
  const isChosen = ({path}: Place) => isAll || said.get(path) === canonical(split)
  return {
    files: places.filter(isChosen).map(({path}) => path),
    others: named ? splits.filter((name) => !isAll && name !== canonical(split)) : null,
    passed: places
      .filter((place) => !isChosen(place))
      .map(({path}) => ({path, reason: said.has(path) ? 'otherSplit' : 'unnamed'})),
    doubts: named ? doubtsOfFolders(folders, request) : doubtsOfTitles(found.flat(), request),
  }
}

function doubtsOfFolders(folders: readonly string[], {label, split}: SplitRequest): string[] {
  if (folders.length === 1) return []
  const names = listNames(
    folders.map((folder) => (folder === '' ? '.' : folder)),
    5,
  )
  return [`${label}: split ${split} is in ${folders.length} folders, and all are read: ${names}`]
}

/** What is said where only some of the texts seem to name a split. */
function doubtsOfTitles(named: readonly Named[], {label}: SplitRequest): string[] {
  const held = named.filter(({split}) => split !== 'train').map(({path}) => path)
  if (held.length === 0) return []
  return [`${label}: every text is read, also those whose names may mean another split: ${listNames(held, 3)}`]
}

function namedBy(rule: NameRule, places: readonly Place[]): Named[] {
  return places.flatMap(({path, name}): Named[] => {
    const names = name.split('/')
    const found = rule(names)
    return found ? [{path, split: found.split, place: names.slice(0, found.depth).join('/')}] : []
  })
}

function folderOf(name: string): string {
  return name.split('/').slice(0, -1).join('/')
}

function canonical(word: string): string {
  return Object.keys(keywords).find((split) => keywords[split].includes(word)) ?? word
}

/** A word counts where no letter touches it: `train`, `my_train-2.jsonl`, never `constraint`. */
function firstKeyword(names: readonly string[], offset: number): {split: string; depth: number} | undefined {
  for (const [index, name] of names.entries()) {
    const words = name.split(/[-._ 0-9]+/)
    const split = Object.keys(keywords).find((key) => keywords[key].some((word) => words.includes(word)))
    if (split) return {split, depth: index + offset}
  }
  return undefined
}
