import {maxOf} from '../util/extremes.js'
import {columnsToDrop} from '../util/spare-columns.js'
import {renderTable, type Table} from './tables.js'

/** Ends of the names that `spare` has for the details of a column, which may go before the column does. */
const details = [' interval', ' details']

/** A table as lines that are no wider than there is room for, as far as its `spare` allows, and a line on what is left out. */
export function renderNarrow(table: Table, limit: number): string[] {
  const widthWithout = (gone: readonly string[]) => maxOf(renderGrid(without(table, gone)).map((line) => line.length))
  const gone = columnsToDrop(limit, table.spare ?? [], widthWithout)
  const leftOut = gone.length > 0 ? ['', `Too wide: ${gone.join(', ')} (on the page).`] : []
  return [...renderTable(without(table, gone)), ...leftOut]
}

/** The rows alone: title and note are texts, which a terminal breaks. */
function renderGrid(table: Table): string[] {
  return renderTable({...table, title: '', note: undefined})
}

function without(table: Table, gone: readonly string[]): Table {
  const kept = table.columns.flatMap((name, column) => (gone.includes(name) ? [] : [{name, column}]))
  const isBare = (name: string) => details.some((ending) => gone.includes(name + ending))
  const rows = table.rows.map((row) =>
    kept.map(({name, column}) => (isBare(name) ? {...row[column], detail: undefined} : row[column])),
  )
  return {...table, columns: kept.map(({name}) => name), rows}
}
