import {withUnseenNamed} from '../util/json-text.js'
import {endingOf} from './readers/readers.js'

/** Why a file of a data set is not read: words for one line, and whether it may well have been meant as data. */
export const reasons = {
  hidden: {words: 'hidden', isLoss: false},
  description: {words: 'cards, licences and descriptions', isLoss: false},
  otherSplit: {words: 'other splits', isLoss: false},
  otherSubset: {words: 'other subsets', isLoss: false},
  link: {words: 'links to what is read already', isLoss: false},
  empty: {words: 'empty', isLoss: true},
  besideTables: {words: 'texts beside tables', isLoss: true},
  unnamed: {words: 'naming no split', isLoss: true},
  kind: {words: 'of a kind that is not read', isLoss: true},
} as const

/** Why a file is not read. */
export type Reason = keyof typeof reasons

/** A file that is not read. */
export interface PassedOver {
  readonly path: string
  readonly reason: Reason
}

/** Names that Spark, Delta Lake and Databricks give to what is no data; Spark itself hides all that begin with `_`. */
const sparkName =
  /^_(?:temporary|success|metadata|common_metadata|spark_metadata|delta_log|(?:started|committed)_\w*)$/i

/**
 * Whether a file or folder of this name is no data: it begins with `.` (also `._a.jsonl`, which macOS leaves) or `__`, as
 * in the `datasets` library, or Spark keeps its own books in it.
 */
export function isHidden(name: string): boolean {
  return /^(?:\.|__)/.test(name) || sparkName.test(name)
}

const card = /^(?:readme|licen[cs]e)(?:[-_.][a-z][\w-]*)*$|^(?:copying|notice|citation)(?:\.[a-z]+)*$/i
/** The first four are those that the `datasets` library passes over; the last is of `save_to_disk`. */
const descriptions: ReadonlySet<string> = new Set([
  'config.json',
  'dataset_info.json',
  'dataset_infos.json',
  'dataset_dict.json',
  'state.json',
])

const textEnding = /^\.(?:txt|md)(?:\.|$)/
const markdownEnding = /^\.md(?:\.|$)/

/** Files of a data set that can be documents, sorted, and the others with the reason. */
export interface Roles {
  readonly files: readonly string[]
  /** Whether every one of the files is a text, and so one document. */
  readonly areTexts: boolean
  readonly passed: readonly PassedOver[]
}

/**
 * Tells data from what lies beside it, by names alone. Texts are data only where there is nothing better.
 *
 * @param paths relative, parts divided by '/'
 * @param isLocal whether markdown may be data: on the Hub it is about data
 */
export function rolesOf(paths: readonly string[], isLocal: boolean): Roles {
  const reasonOf = (path: string): Reason | null => {
    const names = path.split('/')
    const name = names.at(-1)!
    const ending = endingOf(name)
    if (names.some(isHidden)) return 'hidden'
    const isText = ending === undefined || textEnding.test(ending)
    if (descriptions.has(name) || (isText && card.test(name))) return 'description'
    if (ending === undefined) return 'kind'
    return markdownEnding.test(ending) && !isLocal ? 'description' : null
  }
  const judged = paths.toSorted().map((path) => ({path, reason: reasonOf(path)}))
  const readable = judged.flatMap(({path, reason}) => (reason === null ? [path] : []))
  const passed = judged.flatMap(({path, reason}) => (reason === null ? [] : [{path, reason}]))
  const isText = (path: string) => textEnding.test(endingOf(path)!)
  const tables = readable.filter((path) => !isText(path))
  if (tables.length === 0) return {files: readable, areTexts: true, passed}
  return {files: tables, areTexts: false, passed: [...passed, ...passedOver(readable.filter(isText), 'besideTables')]}
}

/** Files that are not read for one reason. */
export function passedOver(paths: readonly string[], reason: Reason): PassedOver[] {
  return paths.map((path) => ({path, reason}))
}

/** How many files are not read, why, and the first names, on one line; null where there are none. */
export function describePassed(passed: readonly PassedOver[]): string | null {
  const parts = Object.entries(reasons).flatMap(([reason, {words}]) => {
    const paths = passed.filter((file) => file.reason === reason).map(({path}) => path)
    return paths.length > 0 ? [`${words} (${paths.length}: ${listNames(paths, 3)})`] : []
  })
  return parts.length > 0 ? `passed over: ${parts.join('; ')}` : null
}

/** Names for a message: the first ones, each once. */
export function listNames(names: readonly string[], most = 20): string {
  const unique = [...new Set(names)]
  const rest = unique.length - most
  return unique.slice(0, most).map(shownName).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}

/** A name with what cannot be seen in it, or would break the line, escaped. */
function shownName(name: string): string {
  return withUnseenNamed(JSON.stringify(name).slice(1, -1).replaceAll('\\"', '"'))
}
