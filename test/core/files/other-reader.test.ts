import {readFileSync} from 'node:fs'
import {type DataType, Type, tableFromIPC} from '@uwdata/flechette'
import {describe, expect, it} from 'vitest'
import {openStream, type Table, tables, writeTable} from '../../../src/core/tables/index.js'
import {sampleRows, type TableName, tableNames, useFolder} from './samples.js'

/** Every table opens in an Arrow reader that shares no code with the writer, with the documented columns and values. */

const at = useFolder()
const documented: Record<TableName, Record<string, string>> = JSON.parse(
  readFileSync(new URL('../../interop/documented-columns.json', import.meta.url), 'utf8'),
)
const streams: readonly TableName[] = ['metrics', 'sweep']

async function writeSample(name: TableName): Promise<Uint8Array> {
  const table: Table = tables[name]
  if (!streams.includes(name)) {
    await writeTable(at('t.arrow'), table, sampleRows(name))
    return readFileSync(at('t.arrow'))
  }
  const stream = await openStream(at('t.arrow'), table)
  for (const row of sampleRows(name)) await stream.append(row)
  const bytes = readFileSync(at('t.arrow'))
  await stream.close()
  return bytes
}

const children = (type: DataType) => (type as {children: {type: DataType}[]}).children.map(({type}) => spell(type))

function spell(type: DataType): string {
  const {bitWidth, signed, precision} = type as {bitWidth?: number; signed?: boolean; precision?: number}
  const spellings: Partial<Record<number, () => string>> = {
    [Type.Int]: () => `${signed ? 'int' : 'uint'}${bitWidth}`,
    [Type.Float]: () => `float${[16, 32, 64][precision!]}`,
    [Type.Utf8]: () => 'utf8',
    [Type.Binary]: () => 'binary',
    [Type.Bool]: () => 'bool',
    [Type.List]: () => `list<${children(type)}>`,
    [Type.Struct]: () => children(type).join(', '),
    [Type.Map]: () => `map<${children(type)}>`,
  }
  return spellings[type.typeId]?.() ?? `type ${type.typeId}`
}

function plain(value: unknown): unknown {
  return ArrayBuffer.isView(value) ? [...(value as Uint8Array)] : value
}

/** Terms of the reward have a column each; one line documents all of them. */
const documentedAs = (column: string) => column.replace(/^rewards\/.+\/mean$/, 'rewards/NAME/mean')

const clockColumns: Readonly<Record<string, string>> = {
  metrics: 'wall_seconds,step_time',
  eval: 'mode_seconds',
  sweep: 'mode_seconds',
}

describe.each(tableNames)('%s in another reader', (name) => {
  it('has the documented columns', async () => {
    const {schema} = tableFromIPC(await writeSample(name))
    const columns = schema.fields.map(({name, type, nullable}) => [
      documentedAs(name),
      `${spell(type)}${nullable ? '?' : ''}`,
    ])
    expect([...new Map(columns as [string, string][])]).toEqual(Object.entries(documented[name]))
    expect(schema.metadata?.get('rpt.schema')).toBe(`${name}/1`)
    expect(schema.metadata?.get('rpt.version')).toMatch(/^\d+\.\d+\.\d+/)
    expect(schema.metadata?.get('rpt.clock_columns')).toBe(clockColumns[name] ?? '')
  })

  it('has the values that were written', async () => {
    const table = tableFromIPC(await writeSample(name))
    const samples = sampleRows(name) as readonly Record<string, unknown>[]
    expect(table.numRows).toBe(samples.length)
    for (const {name: column} of table.schema.fields) {
      const type = documented[name][documentedAs(column)]
      const values = [...table.getChild(column)].map(plain)
      const expected = samples.map((row) => row[column]).map(plain)
      if (type.startsWith('map'))
        expect(
          values.map((pairs) => pairs && Object.fromEntries(pairs as [])),
          column,
        ).toEqual(expected)
      else expect(values, column).toEqual(expected)
    }
  })
})
