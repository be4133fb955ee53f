import {join} from 'node:path'
import {namesOf, table} from '../markdown.js'
import type {ResultRow} from '../result-table.js'

/** What rates.ts found: rows as those of result.arrow. */
export const ratesFile = join(import.meta.dirname, 'rates.arrow')

/** Learning rates that are tried. */
export const candidates = {base: ['7.5e-4', '1.5e-3', '3e-3'], rpt: ['5e-5', '1e-4', '2e-4']} as const

const measures = {base: 'base: loss', rpt: 'RPT: reward'} as const

/** `base: loss at 7.5e-4`. */
export function metricOf(trained: keyof typeof candidates, rate: string): string {
  return `${measures[trained]} at ${rate}`
}

/** A line for each rate, and a column for each width. */
export function ratesTable(rows: readonly ResultRow[]): string {
  const widths = namesOf(rows)
  const measured = (width: string, metric: string) =>
    rows.find((row) => row.row === width && row.metric === metric)!.value.toFixed(3)
  const lines = (['base', 'rpt'] as const).flatMap((trained) =>
    candidates[trained].map((rate) => [
      measures[trained],
      rate,
      ...widths.map((width) => measured(width, metricOf(trained, rate))),
    ]),
  )
  return table(['mean of the last 20 steps', 'learning rate', ...widths], lines)
}
