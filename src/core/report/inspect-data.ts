import {join} from 'node:path'
import {positionsTable, readRows} from '../tables/index.js'
import {quoteBytes} from '../util/quote-bytes.js'
import {contextLength, type InspectOptions, matchesPosition, spreadRows} from './choose-rows.js'
import {readContexts} from './contexts.js'
import {percent, plural} from './format.js'
import type {DataInspection} from './inspection.js'

const fewPositions = 100

/** Looks at the positions of prepared data. */
export function inspectData(path: string, options: InspectOptions): DataInspection {
  const counts = {positions: 0, kept: 0, matching: 0}
  const byDifficulty: Record<string, number> = {none: 0, easy: 0, medium: 0, hard: 0}
  const byReason: Record<string, number> = {}
  const valByDifficulty: Record<string, number> = {easy: 0, medium: 0, hard: 0}
  const table = join(path, 'positions.arrow')
  for (const row of readRows(table, positionsTable)) {
    counts.positions++
    if (row.kept) counts.kept++
    if (matchesPosition(row, options)) counts.matching++
    byDifficulty[row.difficulty]++
    byReason[row.reason] = (byReason[row.reason] ?? 0) + 1
    if (row.partition === 'val' && row.difficulty !== 'none') valByDifficulty[row.difficulty]++
  }
  const wanted = {matching: counts.matching, count: options.rows}
  const shown = spreadRows(
    () => readRows(table, positionsTable),
    (row) => matchesPosition(row, options),
    wanted,
  )
  const contextOf = readContexts(path, shown, contextLength)
  return {
    kind: 'data',
    path,
    ...counts,
    by_difficulty: byDifficulty,
    by_reason: Object.fromEntries(Object.entries(byReason).sort(([a], [b]) => (a < b ? -1 : 1))),
    diagnosis: diagnoseData(counts, valByDifficulty),
    rows: shown.map(({target_bytes, target_id: _, top1_id: __, ...row}) => ({
      ...row,
      context: contextOf(row),
      target: quoteBytes(target_bytes),
    })),
  }
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
