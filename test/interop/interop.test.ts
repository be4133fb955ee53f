import {execFileSync} from 'node:child_process'
import {existsSync, readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import {expect, it} from 'vitest'
import {openStream, type Table, tables, writeTable} from '../../src/core/tables/index.js'
import {writeSafetensors} from '../../src/core/weights/index.js'
import {sampleRows, tableNames, useFolder} from '../core/files/samples.js'
import {readTensors} from '../support/read-tensors.js'

/** The sources against Python, where `npm run check:interop` has installed it; that command checks the build. */

const at = useFolder()
const local = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const python = local('../../.venv-interop/bin/python')
const isReady = existsSync(python) && existsSync(local('../../.venv-interop/installed.txt'))

async function writeAll(): Promise<void> {
  for (const name of tableNames) {
    const table: Table = tables[name]
    if (table.format === 'file') await writeTable(at(`${name}.arrow`), table, sampleRows(name))
    else await appendAll(at(`${name}.arrow`), table, sampleRows(name))
  }
  await appendAll(at('metrics-open.arrow'), tables.metrics, sampleRows('metrics'))
  await writeSafetensors(
    at('ours.safetensors'),
    new Map([
      ['matrix', {shape: [2, 2], data: Float32Array.of(1, -2.5, 3, 0.125)}],
      ['scalar', {shape: [], data: Float32Array.of(7)}],
      ['empty', {shape: [0, 4], data: new Float32Array(0)}],
    ]),
  )
}

async function appendAll(path: string, table: Table, rows: readonly object[]): Promise<void> {
  const stream = await openStream(path, table)
  for (const row of rows) await stream.append(row as never)
  await stream.close()
}

it.skipIf(!isReady)(
  'pyarrow and safetensors read what we write, and we what they write (npm run check:interop)',
  async () => {
    await writeAll()
    execFileSync(python, [local('check_tables.py'), at()], {stdio: 'pipe'})
    const expected = JSON.parse(readFileSync(at('theirs.json'), 'utf8')) as Record<string, {values: string[]}>
    const read = readTensors(at('theirs.safetensors'))
    expect([...read.keys()].sort()).toEqual(Object.keys(expected).sort())
    for (const [name, {values}] of Object.entries(expected))
      expect([...read.get(name)!.data], name).toEqual(values.map(Number))
  },
)
