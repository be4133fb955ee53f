import {mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach} from 'vitest'
import {type Row, tables} from '../../../src/core/tables/index.js'

export type TableName = keyof typeof tables
export const tableNames = Object.keys(tables) as TableName[]

const json = JSON.parse(readFileSync(new URL('../../interop/sample-rows.json', import.meta.url), 'utf8'))

const fromJson: Record<string, (value: never) => unknown> = {
  'List<Int32>': (value: number[]) => Int32Array.from(value),
  'List<Float32>': (value: number[]) => Float32Array.from(value),
  Binary: (value: string) => new Uint8Array(Buffer.from(value, 'hex')),
}

/** The committed sample rows of a table, in JavaScript's types; null in a column that they leave out. */
export function sampleRows<N extends TableName>(name: N): Row<(typeof tables)[N]>[] {
  const columns = Object.entries(tables[name].columns as Record<string, {type: unknown}>)
  return json[name].map((row: Record<string, never>) => {
    const read = (value: never, type: string) => (value === null ? null : (fromJson[type]?.(value) ?? value))
    return Object.fromEntries(columns.map(([column, {type}]) => [column, read(row[column] ?? null, String(type))]))
  })
}

/** A fresh folder for each test of the calling file; returns the path of a name in it. */
export function useFolder(): (name?: string) => string {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rpt-store-'))
  })
  afterEach(() => rmSync(folder, {recursive: true, force: true}))
  return (name = '') => join(folder, name)
}
