import {splits} from '../statistics/split.js'
import {chunksOf} from '../util/chunks-of.js'
import {maxOf} from '../util/extremes.js'
import {groupBy} from '../util/group-by.js'
import {percent} from './format.js'
import type {Result, ResultCell} from './results.js'
import {type Cell, detailsOf, type Table} from './tables.js'

/** Models and modes side by side; more of them make another table. */
const mostColumns = 4
const whole = 'all'

/**
 * The categories of an evaluation's items, in the order of its table. There are none where items go by the splits of positions,
 * or have one category alone.
 */
export function categoriesOf({cells}: Pick<Result, 'cells'>): string[] {
  const names = Object.keys(cells).filter((name) => name !== whole)
  return names.every((name) => (splits as readonly string[]).includes(name)) ? [] : names
}

/** Accuracy by category in the shape of the paper's Table 3: one row per category, one column per model and mode. */
export function categoryTables(results: readonly Result[]): Table[] {
  const split = results.filter((result) => categoriesOf(result).length > 0)
  const alike = groupBy(split, (result) => JSON.stringify(categoriesOf(result)))
  return [...alike.values()].flatMap((own) => Array.from(chunksOf(own, mostColumns), categoryTable))
}

function categoryTable(results: readonly Result[]): Table {
  const names = [whole, ...categoriesOf(results[0])]
  const cellOf = ({cells}: Result, name: string) => (cells as Readonly<Record<string, ResultCell | undefined>>)[name]
  const rows = names.map((name) => {
    const most = maxOf(results.map((result) => cellOf(result, name)?.count ?? 0))
    return [{text: name}, {text: String(most)}, ...results.map((result) => categoryCell(cellOf(result, name), most))]
  })
  return {
    title: 'Accuracy by category, %',
    columns: ['category', 'items', ...results.map(({label}) => label)],
    rows,
    note: 'Brackets: 95% bootstrap over the items of the category. Among many categories, some stand out by chance.',
  }
}

function categoryCell(cell: ResultCell | undefined, most: number): Cell {
  if (!cell || cell.count === 0) return {text: '-', tone: 'muted'}
  const fewer = cell.count < most ? [`of ${cell.count}`] : []
  return {text: percent(cell.accuracy), detail: [...detailsOf(cell), ...fewer].join(' · ')}
}
