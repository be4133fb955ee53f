import {maxOf} from '../../src/core/util/extremes.js'
import {meanOf} from '../../src/core/util/means.js'
import type {ResultRow} from '../result-table.js'
import {splits} from '../results.js'

/** The tables of the README, from the rows of result.arrow. */
export function tablesOf(rows: readonly ResultRow[]): Readonly<Record<string, string>> {
  return {accuracy: accuracyTable(rows), differences: differenceTable(rows), compute: computeTable(rows)}
}

const percent = (share: number) => (100 * share).toFixed(1)
const namesOf = (rows: readonly ResultRow[]) => [...new Set(rows.map(({row}) => row))]
const seedsOf = (rows: readonly ResultRow[]) => [...new Set(rows.map(({seed}) => seed))]

/** Accuracy at the whole budget: easy / medium / hard, a column for each seed. */
function accuracyTable(rows: readonly ResultRow[]): string {
  const found = rows.filter(({metric}) => metric === 'accuracy')
  return bySeed('easy / medium / hard, %', found, (own) =>
    splits.map((split) => percent(rowOf(own, split).value)).join(' / '),
  )
}

/** What RPT has more, in points with paired intervals. */
function differenceTable(rows: readonly ResultRow[]): string {
  const found = rows.filter(({metric}) => metric === 'RPT minus it')
  return bySeed('RPT, reasoning, minus', found, (own) =>
    splits
      .map((split) => {
        const {value, ci_low, ci_high} = rowOf(own, split)
        return `${signed(value)} [${signed(ci_low!)}, ${signed(ci_high!)}]`
      })
      .join(', '),
  )
}

/** Mean accuracy over seeds on medium positions at each share of the compute, and the largest distance from the share. */
function computeTable(rows: readonly ResultRow[]): string {
  const found = rows.filter(({metric}) => metric.startsWith('accuracy at '))
  const metrics = [...new Set(found.map(({metric}) => metric))]
  const off = rows.filter(({metric}) => metric === 'FLOPs over RPT, at the end')
  const lines = namesOf(found).map((name) => [
    name,
    ...metrics.map((metric) => {
      const own = found.filter((row) => row.row === name && row.metric === metric && row.split === 'medium')
      return percent(meanOf(own.map(({value}) => value)))
    }),
    `${(100 * maxOf(off.filter(({row}) => row === name).map(({value}) => Math.abs(value - 1)))).toFixed(1)}%`,
  ])
  return table(
    ['medium, %, mean of the seeds', ...metrics.map((metric) => metric.replace('accuracy at ', '')), 'FLOPs off by'],
    lines,
  )
}

function bySeed(title: string, rows: readonly ResultRow[], cell: (own: readonly ResultRow[]) => string): string {
  const seeds = seedsOf(rows)
  const lines = namesOf(rows).map((name) => [
    name,
    ...seeds.map((seed) => cell(rows.filter((row) => row.row === name && row.seed === seed))),
  ])
  return table([title, ...seeds.map((seed) => `seed ${seed}`)], lines)
}

function rowOf(rows: readonly ResultRow[], split: string): ResultRow {
  const row = rows.find((one) => one.split === split)
  if (!row) throw new Error(`result.arrow has no row for split ${split}`)
  return row
}

function signed(share: number): string {
  return `${share < 0 ? '' : '+'}${percent(share)}`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
