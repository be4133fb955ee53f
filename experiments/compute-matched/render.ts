import {maxOf} from '../../src/core/util/extremes.js'
import {meanOf} from '../../src/core/util/means.js'
import {controlTables} from '../controls.js'
import {accuracyTable, differenceTable, namesOf, percent, table} from '../markdown.js'
import type {ResultRow} from '../result-table.js'

/** The tables of the README, from the rows of result.arrow. */
export function tablesOf(rows: readonly ResultRow[]): Readonly<Record<string, string>> {
  return {
    accuracy: accuracyTable(rows),
    differences: differenceTable(rows, 'RPT minus it', 'RPT, reasoning, minus'),
    controls: controlTables(rows),
    compute: computeTable(rows),
  }
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
