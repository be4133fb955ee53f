import {DataError} from '../util/errors.js'
import {type CardSubset, readDatasetCard} from './dataset-card.js'
import {matchesPattern} from './match-pattern.js'
import {endingOf, supportedFiles} from './readers/readers.js'

/** What is wanted of a data set on the Hub. */
export interface SplitRequest {
  /** Its id, for messages. */
  readonly dataset: string
  readonly split: string
  /** `config_name` of its card, or a folder of the repository. */
  readonly subset?: string
}

/**
 * The files that make up a split, in the order of their rows.
 *
 * What the card's `configs` say comes first. Without them names decide, as in the `datasets` library: shards
 * `SPLIT-00000-of-00005`, else folders named after splits, else files named after splits, else every file is `train`.
 * Where several answers are possible none is taken.
 *
 * Source: https://huggingface.co/docs/datasets/repository_structure
 *
 * @param paths every file of the repository
 * @param card its README.md, or null
 * @throws {DataError} when there is no such split, or several that could be meant, with what there is
 */
export function splitFiles(paths: readonly string[], card: string | null, request: SplitRequest): string[] {
  const subset = chooseSubset(readDatasetCard(card, request.dataset), request)
  const folder = subset?.folder ?? request.subset?.replace(/\/+$/, '') ?? ''
  const below = paths.filter((path) => folder === '' || path.startsWith(`${folder}/`))
  const files = readable(below, request, folder)
  const patterns = subset?.splits && patternsOf(subset.splits, request)
  const found = patterns
    ? files.filter((path) => patterns.some((pattern) => matchesPattern(pattern, relativeTo(folder, path))))
    : byNames(files, folder, request)
  if (found.length === 0)
    throw new DataError(`data set ${request.dataset}: split ${request.split} has no file that can be read`, {
      suggestions: [`its files: ${list(below)}`],
    })
  checkOneKind(found, request)
  checkShards(found, request)
  return found
}

function chooseSubset(subsets: readonly CardSubset[], {dataset, subset}: SplitRequest): CardSubset | undefined {
  if (subsets.length === 0) return undefined
  const named = subset === undefined ? subsets.filter(({isDefault}) => isDefault) : undefined
  const candidates = named?.length === 1 ? named : subsets.filter(({name}) => name === (subset ?? name))
  if (candidates.length === 1) return candidates[0]
  const what = subset === undefined ? `has ${subsets.length} subsets` : `has no subset ${subset}`
  throw new DataError(`data set ${dataset} ${what}`, {
    suggestions: [`set data.subset to one of ${list(subsets.map(({name}) => name))}`],
  })
}

function patternsOf(splits: ReadonlyMap<string, readonly string[]>, {dataset, split}: SplitRequest): readonly string[] {
  const patterns = splits.get(split)
  if (patterns) return patterns
  throw noSplit(dataset, split, [...splits.keys()])
}

function noSplit(dataset: string, split: string, splits: readonly string[]): DataError {
  return new DataError(`data set ${dataset} has no split ${split}`, {
    suggestions: [`set data.split to one of ${list(splits)}`],
  })
}

/** Files of known kinds that nobody hid; texts only where there is nothing better, for they are licences as a rule. */
function readable(paths: readonly string[], {dataset, subset}: SplitRequest, folder: string): string[] {
  const files = paths
    .filter((path) => !path.split('/').some((name) => /^(?:\.|__)/.test(name)))
    .filter((path) => endingOf(path) !== undefined && !/\.md(?:\.\w+)?$/i.test(path))
    .toSorted()
  const tables = files.filter((path) => !/\.txt(?:\.\w+)?$/i.test(path))
  if (files.length > 0) return tables.length > 0 ? tables : files
  const where = subset !== undefined && paths.length === 0 ? `has no folder ${folder}` : 'has no file that can be read'
  throw new DataError(`data set ${dataset} ${where}`, {
    suggestions: [`its files: ${list(paths)}`, `supported: ${supportedFiles}`],
  })
}

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

/** From the surest to the vaguest: the first rule that finds a split in any file decides for all. */
const nameRules: readonly NameRule[] = [
  (names) => {
    const split = /^(\w+(?:\.\w+)*)-\d{5}-of-\d{5}[.-]/.exec(names.at(-1)!)?.[1]
    return split === undefined ? undefined : {split: canonical(split), depth: names.length - 1}
  },
  (names) => firstKeyword(names.slice(0, -1), 0),
  (names) => firstKeyword(names.slice(-1), names.length - 1),
]

function byNames(files: readonly string[], folder: string, {dataset, split}: SplitRequest): string[] {
  const all = files.map((path) => {
    const names = relativeTo(folder, path).split('/')
    return {path, names}
  })
  const named = nameRules
    .map((rule) =>
      all.flatMap(({path, names}): Named[] => {
        const found = rule(names)
        return found ? [{path, split: found.split, place: names.slice(0, found.depth).join('/')}] : []
      }),
    )
    .find((found) => found.length > 0)
  const everything = all.map(({path, names}) => ({path, split: 'train', place: names.slice(0, -1).join('/')}))
  const candidates = named ?? everything
  const chosen = candidates.filter((file) => file.split === canonical(split))
  if (chosen.length === 0)
    throw noSplit(
      dataset,
      split,
      candidates.map((file) => file.split),
    )
  const places = [...new Set(chosen.map(({place}) => place))]
  if (places.length > 1)
    throw new DataError(`data set ${dataset} has split ${split} in ${places.length} folders`, {
      suggestions: [`set data.subset to one of ${list(places.filter((place) => place !== ''))}`],
    })
  return chosen.map(({path}) => path)
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

function checkOneKind(files: readonly string[], {dataset, split}: SplitRequest): void {
  const kinds = [...new Set(files.map(endingOf))]
  if (kinds.length > 1)
    throw new DataError(`data set ${dataset}: split ${split} is there as ${kinds.join(' and as ')}: ${list(files)}`, {
      suggestions: ['download the files of one kind and give their folder'],
    })
}

/** A missing shard would be a corpus with a hole. */
function checkShards(files: readonly string[], {dataset, split}: SplitRequest): void {
  const counts = new Map<string, {found: number; total: number}>()
  for (const path of files) {
    const [, start, total] = /^(.*)-\d{5}-of-(\d{5})[.-][^/]*$/.exec(path) ?? []
    if (start === undefined) continue
    const key = `${start}-of-${total}`
    counts.set(key, {found: (counts.get(key)?.found ?? 0) + 1, total: Number(total)})
  }
  for (const {found, total} of counts.values()) {
    if (found !== total)
      throw new DataError(`data set ${dataset}: split ${split} has ${found} of ${total} shards: ${list(files)}`)
  }
}

function relativeTo(folder: string, path: string): string {
  return folder === '' ? path : path.slice(folder.length + 1)
}

/** Names for a message: the first ones, each once. */
function list(names: readonly string[]): string {
  const unique = [...new Set(names)]
  const rest = unique.length - maxNames
  return unique.slice(0, maxNames).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}

const maxNames = 20
