import {Field, Schema} from 'apache-arrow'
import {packageVersion} from '../files/package-version.js'
import type {Column} from './column.js'

/** Columns by name, in the order of the table. */
export type Columns = Readonly<Record<string, Column<unknown>>>

/** A table's name, columns and file format: what both its Arrow schema and its row type are derived from. */
export interface Table<C extends Columns = Columns> {
  readonly name: string
  /** Raised when a column changes its meaning or goes away. */
  readonly version: number
  /** `file`: written once, Arrow IPC file. `stream`: appended to, Arrow IPC stream. */
  readonly format: 'file' | 'stream'
  /** In the order they are written. */
  readonly columns: C
  /** Names of all columns of the table, also where `columns` are a pick of them. */
  readonly known: ReadonlySet<string>
  /** Columns that differ from run to run because they depend on the clock. */
  readonly clockColumns: readonly string[]
}

/** One row of a table: column name to value. */
export type Row<T extends Table> = {
  readonly [K in keyof T['columns']]: T['columns'][K] extends Column<infer V> ? V : never
}

/** Names of the columns of a table that may be null. */
export type NullableColumn<T extends Table> = {
  [K in keyof T['columns']]: T['columns'][K] extends Column<infer V> ? (null extends V ? K : never) : never
}[keyof T['columns']]

/** A table definition with its column types kept. */
export function defineTable<C extends Columns>(
  name: string,
  format: 'file' | 'stream',
  columns: C,
  clockColumns: readonly (keyof C & string)[] = [],
): Table<C> {
  return {name, version: 1, format, columns, known: new Set(Object.keys(columns)), clockColumns}
}

/** Value of the metadata key `rpt.schema`, e.g. `metrics/1`. */
export function schemaName(table: Table): string {
  return `${table.name}/${table.version}`
}

/** The same table with these columns alone: to read no more of a file than is needed. */
export function pickColumns<C extends Columns, K extends keyof C & string>(
  table: Table<C>,
  ...names: readonly K[]
): Table<Pick<C, K>> {
  const columns = Object.fromEntries(names.map((name) => [name, table.columns[name]])) as Pick<C, K>
  return {...table, columns, clockColumns: table.clockColumns.filter((name) => Object.hasOwn(columns, name))}
}

/** The Arrow schema of a table, with metadata `rpt.schema`, `rpt.version` and `rpt.clock_columns`. */
export function arrowSchema(table: Table): Schema {
  const fields = Object.entries(table.columns).map(([name, {type, isNullable}]) => new Field(name, type, isNullable))
  const metadata = new Map([
    ['rpt.schema', schemaName(table)],
    ['rpt.version', packageVersion],
    ['rpt.clock_columns', table.clockColumns.join(',')],
  ])
  return new Schema(fields, metadata)
}

/** Null in every column that may be null: spread it before the values a row does have. */
export function nullsOf<T extends Table>(table: T): {readonly [K in NullableColumn<T>]: null} {
  const names = Object.keys(table.columns).filter((name) => table.columns[name].isNullable)
  return Object.fromEntries(names.map((name) => [name, null])) as {[K in NullableColumn<T>]: null}
}
