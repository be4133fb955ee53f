#!/usr/bin/env node
/**
 * Checks that Python reads what `dist/` writes and the other way round: Arrow tables with pyarrow, checkpoints with safetensors.
 *
 * Needs `npm run build` before, and python3 with venv. Keeps its packages in `.venv-interop`.
 */
import {spawnSync} from 'node:child_process'
import {existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {fileURLToPath, pathToFileURL} from 'node:url'

class InteropFailure extends Error {}

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const interop = join(root, 'test', 'interop')
const environment = join(root, '.venv-interop')
const libraries = ['tables', 'weights'].map((name) => join(root, 'dist', 'core', name, 'index.js'))

/** Ends the check; the message is printed without a stack. */
function fail(message) {
  throw new InteropFailure(message)
}

function run(command, args, remedy) {
  const {status, error} = spawnSync(command, args, {stdio: ['ignore', 'inherit', 'inherit']})
  if (error || status !== 0)
    fail(`'${[command, ...args].join(' ')}' failed${error ? ` (${error.message})` : ''}; ${remedy}`)
}

/** Path of a Python that has the pinned packages. */
function preparePython() {
  const python = join(environment, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  const requirements = join(interop, 'requirements.txt')
  const done = join(environment, 'installed.txt')
  if (existsSync(done) && readFileSync(done, 'utf8') === readFileSync(requirements, 'utf8')) return python
  const system = process.env.PYTHON ?? 'python3'
  run(
    system,
    ['-m', 'venv', '--clear', environment],
    'install python3 (3.11 or newer) with its venv module, or set PYTHON',
  )
  run(
    python,
    ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements],
    'check the network, and that Python is 3.11 or newer',
  )
  writeFileSync(done, readFileSync(requirements))
  return python
}

/** A JSON value of the samples as the value of a column. */
function toColumn(value, type) {
  if (value === null) return null
  if (type === 'List<Int32>') return Int32Array.from(value)
  if (type === 'List<Float32>') return Float32Array.from(value)
  return type === 'Binary' ? new Uint8Array(Buffer.from(value, 'hex')) : value
}

function sampleRows(table) {
  const samples = JSON.parse(readFileSync(join(interop, 'sample-rows.json'), 'utf8'))
  const columns = Object.entries(table.columns)
  const fix = (row) => columns.map(([name, {type}]) => [name, toColumn(row[name] ?? null, String(type))])
  return samples[table.name].map((row) => Object.fromEntries(fix(row)))
}

async function writeTables(folder, {openStream, tables, writeTable}) {
  for (const table of Object.values(tables)) {
    if (table.format === 'file') await writeTable(join(folder, `${table.name}.arrow`), table, sampleRows(table))
    else await (await appendAll(openStream, join(folder, `${table.name}.arrow`), table)).close()
  }
  return appendAll(openStream, join(folder, 'metrics-open.arrow'), tables.metrics)
}

async function appendAll(openStream, path, table) {
  const stream = await openStream(path, table)
  for (const row of sampleRows(table)) await stream.append(row)
  return stream
}

async function writeCheckpoint(folder, {writeSafetensors}) {
  const tensors = new Map([
    ['matrix', {shape: [2, 2], data: Float32Array.of(1, -2.5, 3, 0.125)}],
    ['scalar', {shape: [], data: Float32Array.of(7)}],
    ['empty', {shape: [0, 4], data: new Float32Array(0)}],
  ])
  await writeSafetensors(join(folder, 'ours.safetensors'), tensors)
}

/** Compares what rpt reads with what Python wrote, value by value. */
function compareCheckpoint(folder, {SafetensorsFile}) {
  const expected = Object.entries(JSON.parse(readFileSync(join(folder, 'theirs.json'), 'utf8')))
  const file = SafetensorsFile.open(join(folder, 'theirs.safetensors'))
  if (file.entries.size !== expected.length) fail(`read ${file.entries.size} tensors, expected ${expected.length}`)
  for (const [name, {shape, values}] of expected) {
    const read = file.entries.get(name).shape
    if (String(read) !== String(shape)) fail(`${name}: read shape [${read}], expected [${shape}]`)
    const data = [...file.pieces(name)].flatMap((piece) => [...piece.values])
    const index = values.findIndex((value, at) => !Object.is(data[at], Number(value)))
    if (index >= 0 || data.length !== values.length)
      fail(`${name}[${index}]: read ${data[index]}, expected ${values[index]}`)
  }
  file.close()
  console.log(`rpt reads theirs: ${expected.map(([name, {values}]) => `${values.length} ${name}`).join(', ')}`)
}

async function check() {
  for (const path of libraries) if (!existsSync(path)) fail(`${path} is missing; run 'npm run build' first`)
  const parts = await Promise.all(libraries.map((path) => import(pathToFileURL(path).href)))
  const library = Object.assign({}, ...parts)
  const python = preparePython()
  const folder = mkdtempSync(join(tmpdir(), 'rpt-interop-'))
  try {
    const open = await writeTables(folder, library)
    await writeCheckpoint(folder, library)
    run(python, [join(interop, 'check_tables.py'), folder], 'see the difference above')
    await open.close()
    compareCheckpoint(folder, library)
  } finally {
    rmSync(folder, {recursive: true, force: true})
  }
}

try {
  await check()
} catch (error) {
  if (!(error instanceof InteropFailure)) throw error
  console.error(`check:interop: ${error.message}`)
  process.exitCode = 1
}
