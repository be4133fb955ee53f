import {DataError} from '../util/errors.js'
import {groupBy} from '../util/group-by.js'
import {type CardSubset, readDatasetCard} from './dataset-card.js'
import {describePassed, listNames, type PassedOver, passedOver, rolesOf} from './file-roles.js'
import {matchesPattern} from './match-pattern.js'
import {endingOf, supportedFiles} from './readers/readers.js'
import {everySplit, noSplit, type Place, type SplitChoice, type SplitRequest} from './split-choice.js'
import {splitsByNames} from './split-names.js'

/**
 * The files that make up a split, and what is passed over.
 *
 * What the card's `configs` say comes first. Without them names decide, as in the `datasets` library: shards
 * `SPLIT-00000-of-00005`, else folders named after splits, else files named after splits, else every file is `train`.
 * Where several answers are possible none is taken.
 *
 * Source: https://huggingface.co/docs/datasets/repository_structure
 *
 * @param paths every file
 * @param card its README.md, or null
 * @throws {DataError} when there is no such split, or several that could be meant, with what there is
 */
export function splitFiles(paths: readonly string[], card: string | null, request: SplitRequest): SplitChoice {
  const {label, split, isLocal = false} = request
  const subset = chooseSubset(readDatasetCard(card, label), request)
  const folder = subset?.folder ?? request.subset?.replace(/\/+$/, '') ?? ''
  const isBelow = (path: string) => folder === '' || path.startsWith(`${folder}/`)
  const below = paths.filter(isBelow)
  const {files, areTexts, passed} = rolesOf(below, isLocal)
  if (files.length === 0) throw nothingToRead(passed, folder, request)
  const places = files.map((path) => ({path, name: folder === '' ? path : path.slice(folder.length + 1)}))
  const found = subset?.splits ? byPatterns(places, subset.splits, request) : splitsByNames(places, areTexts, request)
  if (found.files.length === 0)
    throw new DataError(`${label}: split ${split} has no file that can be read`, {
      suggestions: [`its files: ${listNames(below)}`],
    })
  checkKinds(found.files, request)
  const missing = missingShards(found.files, request)
  if (missing && !isLocal) throw new DataError(`${missing}: ${listNames(found.files)}`)
  const outside = rolesOf(
    paths.filter((path) => !isBelow(path)),
    isLocal,
  ).files
  return {
    files: found.files,
    others: found.others,
    passed: [...passed, ...found.passed, ...passedOver(outside, 'otherSubset')],
    doubts: [...found.doubts, ...(missing ? [`${missing}; those that are here are read`] : [])],
  }
}

function chooseSubset(subsets: readonly CardSubset[], {label, subset}: SplitRequest): CardSubset | undefined {
  if (subsets.length === 0) return undefined
  const named = subset === undefined ? subsets.filter(({isDefault}) => isDefault) : undefined
  const candidates = named?.length === 1 ? named : subsets.filter(({name}) => name === (subset ?? name))
  if (candidates.length === 1) return candidates[0]
  const what = subset === undefined ? `has ${subsets.length} subsets` : `has no subset ${subset}`
  throw new DataError(`${label} ${what}`, {
    suggestions: [`set data.subset to one of ${listNames(subsets.map(({name}) => name))}`],
  })
}

function byPatterns(
  places: readonly Place[],
  splits: ReadonlyMap<string, readonly string[]>,
  request: SplitRequest,
): SplitChoice {
  const {split} = request
  const isAll = split === everySplit && !splits.has(split)
  if (!isAll && !splits.has(split)) throw noSplit(request, [...splits.keys()])
  const judged = places.map(({path, name}) => {
    const matching = [...splits].filter(([, patterns]) => patterns.some((pattern) => matchesPattern(pattern, name)))
    const names = matching.map(([key]) => key)
    return {path, isNamed: names.length > 0, isChosen: isAll ? names.length > 0 : names.includes(split)}
  })
  return {
    files: judged.filter(({isChosen}) => isChosen).map(({path}) => path),
    others: isAll ? [] : [...splits.keys()].filter((key) => key !== split),
    passed: judged
      .filter(({isChosen}) => !isChosen)
      .map(({path, isNamed}) => ({path, reason: isNamed ? 'otherSplit' : 'otherSubset'})),
    doubts: [],
  }
}

function nothingToRead(
  passed: readonly PassedOver[],
  folder: string,
  {label, subset, isLocal}: SplitRequest,
): DataError {
  if (subset !== undefined && passed.length === 0) return new DataError(`${label} has no folder ${folder}`)
  const what = [
    isLocal ? 'holds no documents' : 'has no file that can be read',
    describePassed(passed) ?? 'it is empty',
  ]
  return new DataError(`${label} ${what.join('; ')}; supported: ${supportedFiles}`)
}

/**
 * One split in two kinds is as a rule the same rows twice. A folder of people's own files may mix kinds, as long as no two
 * files differ in nothing but their kind.
 */
function checkKinds(files: readonly string[], {label, split, isLocal}: SplitRequest): void {
  for (const [stem, group] of groupBy(files, (path) => (isLocal ? stemOf(path) : ''))) {
    const kinds = [...new Set(group.map(endingOf))]
    if (kinds.length === 1) continue
    const what = isLocal ? listNames([stem]) : `split ${split}`
    throw new DataError(`${label}: ${what} exists as ${kinds.join(' and as ')}: ${listNames(group)}`, {
      suggestions: [`${isLocal ? 'take' : 'download'} the files of one kind and give their folder`],
    })
  }
}

function stemOf(path: string): string {
  return path.slice(0, -endingOf(path)!.length).replace(/-\d{5}-of-\d{5}.*$/, '')
}

/** A missing shard is a corpus with a hole; null where there is none. */
function missingShards(files: readonly string[], {label, split}: SplitRequest): string | null {
  const counts = new Map<string, {found: number; total: number}>()
  for (const path of files) {
    const [, start, total] = /^(.*)-\d{5}-of-(\d{5})[.-][^/]*$/.exec(path) ?? []
    if (start === undefined) continue
    const key = `${start}-of-${total}`
    counts.set(key, {found: (counts.get(key)?.found ?? 0) + 1, total: Number(total)})
  }
  const hole = [...counts.values()].find(({found, total}) => found !== total)
  return hole ? `${label}: split ${split} has ${hole.found} of ${hole.total} shards` : null
}
