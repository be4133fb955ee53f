import {join} from 'node:path'
import {manifestName, readManifest} from '../files/index.js'
import type {SelectionSummary} from '../prepared/prepared-manifest.js'
import {positionsTable, readRows} from '../tables/index.js'
import {plural} from '../util/plural.js'
import {quoteBytes} from '../util/quote-bytes.js'
import {contextLength, highestRows, type InspectOptions, matchesPosition, spreadRows} from './choose-rows.js'
import {readPlaces} from './contexts.js'
import {percent} from './format.js'
import type {DataInspection} from './inspection.js'
import type {PromptViews} from './prompt-views.js'

const fewPositions = 100

/**
 * Looks at the positions of prepared data.
 *
 * @param prompts of a model, to be shown too; null for none
 */
export function inspectData(path: string, options: InspectOptions, prompts: PromptViews | null = null): DataInspection {
  const counts = {positions: 0, kept: 0, matching: 0}
  const training = {positions: 0, kept: 0}
  const byDifficulty: Record<string, number> = {none: 0, easy: 0, medium: 0, hard: 0}
  const byReason: Record<string, number> = {}
  const valByDifficulty: Record<string, number> = {easy: 0, medium: 0, hard: 0}
  const table = join(path, 'positions.arrow')
  for (const row of readRows(table, positionsTable)) {
    counts.positions++
    if (row.kept) counts.kept++
    if (row.partition === 'train') {
      training.positions++
      if (row.kept) training.kept++
    }
    if (matchesPosition(row, options)) counts.matching++
    byDifficulty[row.difficulty]++
    byReason[row.reason] = (byReason[row.reason] ?? 0) + 1
    if (row.partition === 'val' && row.difficulty !== 'none') valByDifficulty[row.difficulty]++
  }
  const shown = shownRows(table, options, counts.matching)
  const placeOf = readPlaces(path, shown, contextLength)
  return {
    kind: 'data',
    path,
    ...counts,
    training: {...training, rule: ruleOf(path)},
    by_difficulty: byDifficulty,
    by_reason: Object.fromEntries(Object.entries(byReason).sort(([a], [b]) => (a < b ? -1 : 1))),
    diagnosis: diagnoseData(counts, valByDifficulty),
    ...(prompts && {prompts: prompts.instruction}),
    rows: shown.map(({target_bytes, target_id: _, top1_id: __, ...row}) => ({
      ...row,
      context: placeOf(row)?.context ?? null,
      byte: placeOf(row)?.byte ?? null,
      target: quoteBytes(target_bytes),
      ...(prompts && {prompt: prompts.viewOf(row)}),
    })),
  }
}

/** How training positions were chosen, in words; null where the manifest does not tell. */
function ruleOf(path: string): string | null {
  const manifest = readManifest(join(path, manifestName))
  if (typeof manifest === 'string') return null
  const {selection} = manifest as {selection?: SelectionSummary | null}
  return selection ? `data.select=${selection.select}: ${selection.rule}` : null
}

/** Of the positions that match those of the highest values where they are sorted, else some from everywhere. */
function shownRows(table: string, options: InspectOptions, matching: number) {
  const {sort, rows: count} = options
  const read = () => readRows(table, positionsTable)
  const isAsked = (row: Parameters<typeof matchesPosition>[0]) => matchesPosition(row, options)
  return sort === undefined
    ? spreadRows(read, isAsked, {matching, count})
    : highestRows(filtered(read(), isAsked), (row) => row[sort], count)
}

function* filtered<T>(rows: Iterable<T>, isAsked: (row: T) => boolean): Generator<T> {
  for (const row of rows) if (isAsked(row)) yield row
}

function diagnoseData(
  {positions, kept}: {readonly positions: number; readonly kept: number},
  held: Readonly<Record<string, number>>,
): string[] {
  const share = `${percent(kept / positions)}% of ${plural(positions, 'position')} are kept.`
  if (kept === 0) return [share, 'Nothing to train on: lower data.selectThreshold or use data.select: top.']
  const thin = Object.entries(held).filter(([, count]) => count < fewPositions)
  if (thin.length === 0) return [share]
  const names = thin.map(([name, count]) => `${name} ${count}`).join(', ')
  return [share, `Few held-out positions whose hardest level is: ${names}. Intervals there will be wide.`]
}
