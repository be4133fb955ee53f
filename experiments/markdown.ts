import type {ResultRow} from './result-table.js'
import {splits} from './results.js'

/** Tables of READMEs from rows of result.arrow. */

/** A share in percent. */
export const percent = (share: number) => (100 * share).toFixed(1)

/** A difference of shares in points, with its sign. */
export const signed = (share: number) => `${share < 0 ? '' : '+'}${percent(share)}`

/** The names of rows, in their order. */
export const namesOf = (rows: readonly ResultRow[]) => [...new Set(rows.map(({row}) => row))]

const seedsOf = (rows: readonly ResultRow[]) => [...new Set(rows.map(({seed}) => seed))]

/** Easy / medium / hard of every row, a column for each seed, and one for the paper where it has numbers. */
export function accuracyTable(
  rows: readonly ResultRow[],
  metric = 'accuracy',
  title = 'easy / medium / hard, %',
): string {
  const found = rows.filter((row) => row.metric === metric)
  const paper = found.some((row) => row.paper !== null)
    ? {title: 'paper', cell: (own: readonly ResultRow[]) => ofSplits(own, (row) => shareOrNone(row.paper))}
    : undefined
  return bySeed(title, found, (own) => ofSplits(own, ({value}) => percent(value)), paper)
}

/** Differences in points with intervals of every row, a column for each seed. */
export function differenceTable(rows: readonly ResultRow[], metric: string, title: string): string {
  return bySeed(
    title,
    rows.filter((row) => row.metric === metric),
    (own) => ofSplits(own, withInterval, ', '),
  )
}

/** A difference with its interval. */
export function withInterval({value, ci_low, ci_high}: ResultRow): string {
  return `${signed(value)} [${signed(ci_low!)}, ${signed(ci_high!)}]`
}

/** A share with its interval. */
export function shareWithInterval({value, ci_low, ci_high}: ResultRow): string {
  return ci_low === null ? percent(value) : `${percent(value)} [${percent(ci_low)}, ${percent(ci_high!)}]`
}

/** A line for each row, a column for each seed. */
export function bySeed(
  title: string,
  rows: readonly ResultRow[],
  cell: (own: readonly ResultRow[]) => string,
  last?: {readonly title: string; readonly cell: (own: readonly ResultRow[]) => string},
): string {
  const seeds = seedsOf(rows)
  const lines = namesOf(rows).map((name) => {
    const own = rows.filter(({row}) => row === name)
    return [
      name,
      ...seeds.map((seed) => cell(own.filter((row) => row.seed === seed))),
      ...(last ? [last.cell(own.filter((row) => row.seed === seeds[0]))] : []),
    ]
  })
  return table([title, ...seeds.map((seed) => `seed ${seed}`), ...(last ? [last.title] : [])], lines)
}

/** A Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** The row of a split, which must be there. */
export function rowOf(rows: readonly ResultRow[], split: string): ResultRow {
  const row = rows.find((one) => one.split === split)
  if (!row) throw new Error(`result.arrow has no row for split ${split}`)
  return row
}

function ofSplits(own: readonly ResultRow[], cell: (row: ResultRow) => string, between = ' / '): string {
  return splits.map((split) => cell(rowOf(own, split))).join(between)
}

function shareOrNone(share: number | null): string {
  return share === null ? '-' : percent(share)
}
