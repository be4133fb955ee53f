import {makeData, RecordBatch, type Schema, Struct} from 'apache-arrow'
import {DataError} from '../util/errors.js'
import {refuseNulls} from './column.js'
import type {BatchColumns} from './ipc-columns.js'
import {type Row, schemaName, type Table} from './table.js'

/** Rows -> one record batch, column by column. Throws {DataError} naming table and column at a value that does not fit. */
export function encodeBatch<T extends Table>(table: T, schema: Schema, rows: readonly Row<T>[]): RecordBatch {
  const children = Object.entries(table.columns).map(([name, column]) => {
    const values = rows.map((row) => row[name])
    return column.encode(values, `${table.name}.${name}`)
  })
  const type = new Struct(schema.fields)
  return new RecordBatch(schema, makeData({type, length: rows.length, nullCount: 0, children}))
}

/** One record batch -> rows, in order. Throws {DataError} at a value that the table does not allow. */
export function decodeBatch<T extends Table>(table: T, {numRows, columns}: BatchColumns): Row<T>[] {
  const names = Object.keys(table.columns)
  const readers = names.map((name) => {
    const data = columns.get(name)
    // Of a version that did not write it yet.
    if (!data) return () => null
    if (!table.columns[name].isNullable) refuseNulls(data, `${table.name}.${name}`)
    return table.columns[name].decode(data, `${table.name}.${name}`)
  })
  return Array.from({length: numRows}, (_, index) => {
    const row: Record<string, unknown> = {}
    for (let column = 0; column < names.length; column++) row[names[column]] = readers[column](index)
    return row as Row<T>
  })
}

/** Bytes that a row takes, roughly. */
export function sizeOfRow<T extends Table>(table: T, row: Row<T>): number {
  let size = 0
  for (const name in table.columns) {
    const value: unknown = row[name]
    // A value that is missing where it may not be is refused, with its column, when the batch is encoded.
    size += value === null || value === undefined ? 1 : table.columns[name].sizeOf(value)
  }
  return size
}

/**
 * Checks that a file's schema is that of `table`; columns that the table does not know are allowed. Where
 * there are none of these, columns that may be null may be missing: a version that did not have them wrote the file.
 *
 * @throws {DataError} naming the file and the first difference
 */
export function checkSchema(path: string, table: Table, schema: Schema): void {
  // Spoiled metadata may hold null.
  const name = schema.metadata.get('rpt.schema') ?? undefined
  const found = new Map(schema.fields.map((field) => [field.name, String(field.type)]))
  // An unknown name beside a missing one may be the same column, spoiled.
  const isOlder = [...found.keys()].every((column) => table.known.has(column))
  const differing = Object.keys(table.columns).find((column) => {
    const {type, isNullable} = table.columns[column]
    return found.has(column) ? found.get(column) !== String(type) : !(isNullable && isOlder)
  })
  const suggestions = ['point to a table of the right kind, or write it again with this version of rpt']
  if (name !== schemaName(table)) {
    const seen = name === undefined ? "no 'rpt.schema' in its metadata" : `schema '${name.slice(0, 80)}'`
    throw new DataError(`${path} is not a ${table.name} table: it has ${seen}, expected '${schemaName(table)}'`, {
      suggestions,
    })
  }
  if (differing !== undefined) {
    const seen = found.get(differing) ?? 'missing'
    throw new DataError(
      `${path}: column ${differing} is ${seen.slice(0, 80)}, expected ${table.columns[differing].type}`,
      {
        suggestions,
      },
    )
  }
}

/** Whether a file's columns are those of `table` in the same order, without some that may be null: an older version wrote it. */
export function isOlderSchema(table: Table, schema: Schema): boolean {
  const seen = schema.fields.map(({name}) => name)
  const expected = Object.keys(table.columns)
  const missing = expected.filter((name) => !seen.includes(name))
  const isMissed = (name: string) => missing.includes(name)
  return (
    missing.length > 0 &&
    missing.every((name) => table.columns[name].isNullable) &&
    seen.join() === expected.filter((name) => !isMissed(name)).join()
  )
}

/**
 * Checks that a file's columns are those of `table` and no others, in the same order, as appending to it needs.
 *
 * @throws {DataError} naming the file and what differs
 */
export function checkSameSchema(path: string, table: Table, schema: Schema): void {
  const seen = schema.fields.map(({name}) => name)
  const expected = Object.keys(table.columns)
  const missing = expected.filter((name) => !seen.includes(name))
  // Of another table nothing but its name is to be said.
  if (missing.length === 0 || schema.metadata.get('rpt.schema') !== schemaName(table)) checkSchema(path, table, schema)
  if (seen.join() === expected.join()) return
  const extra = seen.filter((name) => !expected.includes(name))
  const whats = [
    ...(missing.length > 0 ? [`lacks columns ${missing.join(', ')}`] : []),
    ...(extra.length > 0 ? [`has other columns too: ${extra.slice(0, 5).join(', ')}`] : []),
  ]
  const what = whats.join(' and ') || 'has its columns in another order'
  throw new DataError(`${path} ${what}; this version of rpt cannot append to it`, {
    suggestions: ['continue with the version of rpt that wrote it, or start a new run'],
  })
}
