import type {Colors} from './colors.js'
import {fitColumns, type Row} from './tables.js'

/** A table of a summary. */
export interface SummaryTable {
  /** Its name in the summary. */
  readonly name: string
  readonly rows: readonly Row[]
  /** Columns that may go, the first first. */
  readonly spare: readonly string[]
  /** Where all of them are. */
  readonly file: string
}

/** The rows of a summary's table as a terminal has room for them, and a line on what is left out. */
export interface FittedRows {
  readonly rows: readonly Row[]
  /** Empty where all columns are shown. */
  readonly note: string
}

/** Characters that a line has room for: a pipe or a file takes any number. */
export function columnsOf({isTTY, columns}: Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>): number {
  return isTTY && columns > 0 ? columns : Number.POSITIVE_INFINITY
}

/** Leaves out of a summary's rows the columns that the terminal has no room for. */
export function fitRows({name, rows, spare, file}: SummaryTable, colors: Colors): FittedRows {
  // A summary indents its rows.
  const fitted = fitColumns(rows, columnsOf(process.stdout) - 2, spare, colors)
  const note =
    fitted.leftOut.length > 0 ? `\nToo wide for ${name}: ${fitted.leftOut.join(', ')} (see ${file}, or --json)` : ''
  return {rows: fitted.rows, note}
}

/**
 * Rows of accuracies without some columns, and without what their modes took: the same in every split, and summed in the
 * summary.
 */
export function withoutColumns(rows: readonly object[], hidden: readonly string[]): Row[] {
  const isShown = (name: string) => !hidden.includes(name) && !name.startsWith('mode_')
  return rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => isShown(name))))
}
