import type {LedgerWay, SortKey} from '../records/records.js'

/** What to look at, each by the name of its flag; absent means everything. */
export interface InspectOptions {
  /** Rows shown of those that match; 10 when absent. */
  readonly rows?: number
  /** Rollouts or predictions of this step; the last when absent. */
  readonly step?: number
  /** Predictions of this run's model, where an evaluation has several. */
  readonly run?: string
  readonly doc?: string
  readonly position?: number
  readonly difficulty?: string
  readonly outcome?: string
  /** Completions whose prediction is right, or wrong. */
  readonly result?: string
  /** Completions with this text in them or in their explanation; upper and lower case are the same. */
  readonly text?: string
  /** Training items of a run with this result, instead of completions. */
  readonly ledger?: LedgerWay
  /** Positions of the highest value first; spread evenly when absent. */
  readonly sort?: SortKey
}

/** Rows shown when nobody says how many. */
const usualCount = 10

/** Characters of a context that are shown, from its end. */
export const contextLength = 70

/** Whether a row is of the document, position and difficulty asked for. */
export function matchesPosition(
  row: {readonly doc_id: string; readonly position: number; readonly difficulty?: string},
  {doc, position, difficulty}: InspectOptions,
): boolean {
  return (
    (doc === undefined || row.doc_id === doc) &&
    (position === undefined || row.position === position) &&
    (difficulty === undefined || row.difficulty === undefined || row.difficulty === difficulty)
  )
}

/** A completion as far as its row is searched. */
interface SearchedRow {
  readonly outcome: string | null
  readonly correct: boolean
  readonly completion_text: string | null
  readonly explanation?: string
}

/** Whether a completion has the outcome, result and text asked for. */
export function matchesCompletion(row: SearchedRow, {outcome, result, text}: InspectOptions): boolean {
  const has = (where: string | null | undefined) => where?.toLowerCase().includes(text!.toLowerCase()) ?? false
  return (
    (outcome === undefined || row.outcome === outcome) &&
    (result === undefined || (row.correct ? 'right' : 'wrong') === result) &&
    (text === undefined || has(row.completion_text) || has(row.explanation))
  )
}

/** Up to `count` indices spread evenly over `total`, ascending: the first, the last, and some between them. */
export function spread(total: number, count = usualCount): number[] {
  const shown = Math.min(total, count)
  return Array.from({length: shown}, (_, i) => Math.round((i * (total - 1)) / Math.max(1, shown - 1)))
}

/** Up to `count` rows of the highest values, the highest first; of equal ones those that come first. */
export function highestRows<T>(rows: Iterable<T>, sizeOf: (row: T) => number, count = usualCount): T[] {
  const highest: T[] = []
  for (const row of rows) {
    const value = sizeOf(row)
    const place = highest.findLastIndex((other) => sizeOf(other) >= value) + 1
    if (place >= count) continue
    highest.splice(place, 0, row)
    if (highest.length > count) highest.pop()
  }
  return highest
}

/** Those that match and are shown, of rows that are read a second time: `matching` is how many match. */
export function spreadRows<T>(
  rows: () => Iterable<T>,
  isAsked: (row: T) => boolean,
  {matching, count}: {readonly matching: number; readonly count: number | undefined},
): T[] {
  const chosen = new Set(spread(matching, count))
  const shown: T[] = []
  let index = 0
  for (const row of chosen.size > 0 ? rows() : []) if (isAsked(row) && chosen.has(index++)) shown.push(row)
  return shown
}
