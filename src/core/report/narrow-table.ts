import {maxOf} from '../util/extremes.js'
import {columnsToDrop} from '../util/spare-columns.js'
import {textWidth} from '../util/text-width.js'
import {renderTable, type Table} from './tables.js'

/** Ends of the names that `spare` has for the details of a column, which may go before the column does. */
const details = [' interval', ' details']

/**
 * A table as lines that are no wider than there is room for, as far as its `spare` allows, and a line on what is left out.
 * Names that leave no room for the numbers stand above them.
 */
export function renderNarrow(table: Table, limit: number): string[] {
  const spare = table.spare ?? []
  const isStacked = widthOf(without(table, spare)) > limit
  const widthWithout = (gone: readonly string[]) => {
    const kept = without(table, gone)
    return widthOf(isStacked ? unnamed(kept) : kept)
  }
  const gone = columnsToDrop(limit, spare, widthWithout)
  const leftOut = gone.length > 0 ? ['', `Too wide: ${gone.join(', ')} (on the page).`] : []
  const kept = without(table, gone)
  return [...(isStacked ? renderStacked(kept) : renderTable(kept)), ...leftOut]
}

/** Each name on a line of its own, which a terminal may break, and the numbers below it. */
function renderStacked(table: Table): string[] {
  const {columns, rows} = table
  const [title, empty, heads, ...lines] = renderTable(unnamed(table))
  const stacked = rows.flatMap(([{text, detail}], row) => [detail ? `${text} ${detail}` : text, lines[row]])
  return [title, empty, columns[0], heads, ...stacked, ...lines.slice(rows.length)]
}

/** A table without the names of its rows. */
function unnamed(table: Table): Table {
  const rows = table.rows.map(([, ...cells]) => [{text: ''}, ...cells])
  return {...table, columns: ['', ...table.columns.slice(1)], rows}
}

function widthOf(table: Table): number {
  return maxOf(renderGrid(table).map(textWidth))
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
