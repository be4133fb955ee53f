/**
 * `node scripts/compare-runs.js BEFORE AFTER`: whether two folders of runs hold the same values, bit for bit.
 *
 * Compared are every column that BEFORE has, of every Arrow table, and every weight and figure. Columns that hold a clock differ
 * from run to run and are left out; columns that only AFTER has are listed. Exit code 1 where anything differs or is missing.
 */
import {createHash} from 'node:crypto'
import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {tableFromIPC} from '@uwdata/flechette'

const clocks = new Set(['wall_seconds', 'step_time'])
const [before, after] = process.argv.slice(2)
if (!before || !after) {
  console.error('usage: node scripts/compare-runs.js BEFORE AFTER')
  process.exit(2)
}
const files = readdirSync(before, {recursive: true, encoding: 'utf8'}).sort()
const tables = files.filter((file) => file.endsWith('.arrow'))
const bytes = files.filter((file) => /\.(safetensors|svg)$/.test(file))
const missing = [...tables, ...bytes].filter((file) => !existsSync(join(after, file)))
const there = (file) => !missing.includes(file)
const differences = [
  ...missing.map((file) => `missing: ${file}`),
  ...tables.filter(there).flatMap(differingColumns),
  ...bytes.filter((file) => there(file) && differs(file)).map((file) => `differs: ${file}`),
]
const added = new Set(tables.filter(there).flatMap(addedColumns))

for (const line of differences) console.log(line)
if (added.size > 0) console.log(`added columns: ${[...added].join(', ')}`)
console.log(`weights of BEFORE: sha256 ${hashOfWeights(before)}`)
console.log(`${tables.length} tables, ${bytes.length} weights and figures: ${differences.length} differences`)
process.exitCode = differences.length > 0 ? 1 : 0

function read(folder, file) {
  return tableFromIPC(readFileSync(join(folder, file)), {useMap: false})
}

function differingColumns(file) {
  const [one, other] = [read(before, file), read(after, file)]
  return one.names
    .filter((name) => !clocks.has(name) && textOf(one, name) !== textOf(other, name))
    .map((name) => `differs: ${file}, column ${name}`)
}

function addedColumns(file) {
  const names = new Set(read(before, file).names)
  return read(after, file).names.filter((name) => !names.has(name))
}

/** All values of a column as text; what JSON has no word for is written out. */
function textOf(table, name) {
  const column = table.getChild(name)
  return column === undefined ? '' : JSON.stringify([...column], plain)
}

function plain(_, value) {
  if (typeof value === 'bigint') return String(value)
  if (ArrayBuffer.isView(value)) return [...value]
  return Number.isNaN(value) ? 'NaN' : value
}

function differs(file) {
  return !readFileSync(join(before, file)).equals(readFileSync(join(after, file)))
}

function hashOfWeights(folder) {
  const hash = createHash('sha256')
  for (const file of bytes.filter((name) => name.endsWith('.safetensors')))
    hash.update(readFileSync(join(folder, file)))
  return hash.digest('hex').slice(0, 16)
}
