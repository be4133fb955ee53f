/**
 * `node scripts/compare-runs.js BEFORE AFTER`: whether two folders of runs hold the same values, bit for bit.
 *
 * Compared are every column that BEFORE has, of every Arrow table, and every weight and figure. Columns that hold a clock differ
 * from run to run and are left out; each table names its own. Columns that only AFTER has are listed. Exit code 1 where anything
 * differs or is missing.
 */
import {createHash} from 'node:crypto'
import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {tableFromIPC} from '@uwdata/flechette'

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
  const clocks = (one.schema.metadata?.get('rpt.clock_columns') ?? '').split(',')
  return one.names
    .filter((name) => !clocks.includes(name) && !isSame(valuesOf(one, name), valuesOf(other, name)))
    .map((name) => `differs: ${file}, column ${name}`)
}

function addedColumns(file) {
  const names = new Set(read(before, file).names)
  return read(after, file).names.filter((name) => !names.has(name))
}

/** All values of a column; undefined where the table has no such column. */
function valuesOf(table, name) {
  const column = table.getChild(name)
  return column && [...column]
}

/** Whether two values are the same bit for bit, but for the kinds of NaN. */
function isSame(one, other) {
  if (Object.is(one, other)) return true
  if (one === null || other === null || typeof one !== 'object' || typeof other !== 'object') return false
  const names = Object.keys(one)
  return (
    one.constructor === other.constructor &&
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isSame(one[name], other[name]))
  )
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
