import {chunksOf} from '../util/chunks-of.js'
import {maxOf} from '../util/extremes.js'
import {groupBy} from '../util/group-by.js'
import {percent} from './format.js'
import type {Result, ResultCell} from './results.js'
import {type Cell, detailsOf, intervalsOf, type Table} from './tables.js'

/** Models and modes side by side; more of them make another table. */
const mostColumns = 4

/** Accuracy by category in the shape of the paper's Table 3: one row per category, one column per model and mode. */
export function categoryTables(results: readonly Result[]): Table[] {
  const split = results.filter(({categories}) => Object.keys(categories).length > 0)
  const alike = groupBy(split, ({benchmark, categories}) => JSON.stringify([benchmark, Object.keys(categories)]))
  return [...alike.values()].flatMap((own) => Array.from(chunksOf(own, mostColumns), categoryTable))
}

function categoryTable(results: readonly Result[]): Table {
  const labels = results.map(({label}) => label)
  const names = ['all', ...Object.keys(results[0].categories)]
  const rows = names.map((name) => {
    const cells = results.map(({cells: {all}, categories}) => ({all, ...categories})[name])
    const most = maxOf(cells.map((cell) => cell?.count ?? 0))
    return [{text: name}, {text: String(most)}, ...cells.map((cell) => categoryCell(cell, most))]
  })
  return {
    title: 'Accuracy by category, %',
    columns: ['category', 'items', ...labels],
    rows,
    note: 'Brackets: 95% bootstrap over the items of the category. Among many categories, some stand out by chance.',
    spare: [...intervalsOf(labels), 'items', ...labels.slice(1).reverse()],
  }
}

function categoryCell(cell: ResultCell | undefined, most: number): Cell {
  if (!cell || cell.count === 0) return {text: '-', tone: 'muted'}
  const fewer = cell.count < most ? [`of ${cell.count}`] : []
  return {text: percent(cell.accuracy), detail: [...detailsOf(cell), ...fewer].join(' · ')}
}
