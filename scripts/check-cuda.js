#!/usr/bin/env node
/**
 * Checks without a GPU that CUDA takes every node of our graphs, copies nothing but inputs and outputs, and needs no more
 * memory than the estimate says, and that `rpt train` and `rpt eval` run to their ends on it: onnxruntime's own CUDA provider,
 * fetched by pip, runs with a stand-in for CUDA's libraries (test/cuda).
 *
 * Needs Linux on x86-64, `npm run build`, python3 with pip (or PYTHON), cc and nm. Puts the provider beside onnxruntime's
 * library while it runs. `--may-skip`: a package that cannot be fetched is no failure.
 */
import {spawnSync} from 'node:child_process'
import {existsSync, mkdirSync, readdirSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {pathToFileURL} from 'node:url'
import {buildStandIn} from '../test/cuda/build-stand-in.js'
import {root} from './ensure-ready.js'

const cache = join(root, 'node_modules', '.cache', 'rpt-cuda')
const mayBeSkipped = process.argv.includes('--may-skip')

function end(status, line) {
  process.stdout.write(`check:cuda: ${line}\n`)
  process.exit(status)
}

/** The package of onnxruntime's version, from the cache or by pip. */
function fetchPackage(version) {
  mkdirSync(cache, {recursive: true})
  const find = () => readdirSync(cache).find((name) => name.startsWith(`onnxruntime_gpu-${version}-`))
  if (!find()) {
    const python = process.env.PYTHON ?? 'python3'
    const wanted = ['--only-binary=:all:', '--python-version', '3.12', '--platform', 'manylinux_2_28_x86_64']
    const args = [
      '-m',
      'pip',
      'download',
      '--quiet',
      '--no-deps',
      ...wanted,
      '-d',
      cache,
      `onnxruntime-gpu==${version}`,
    ]
    spawnSync(python, args, {stdio: ['ignore', 'inherit', 'inherit']})
  }
  const found = find()
  if (!found) end(mayBeSkipped ? 0 : 1, `skipped: pip did not fetch onnxruntime-gpu ${version}`)
  return join(cache, found)
}

const system = `${process.platform}/${process.arch}`
if (system !== 'linux/x64') end(mayBeSkipped ? 0 : 1, `skipped: needs linux/x64, this is ${system}`)
for (const tool of ['cc', 'nm'])
  if (spawnSync(tool, ['--version']).error) end(mayBeSkipped ? 0 : 1, `skipped: needs ${tool}`)

const dist = (file) => import(pathToFileURL(join(root, 'dist', 'core', 'cuda', file)).href)
const [{hasProvider, providerLibraries, providerPlace}, {unpackProvider}] = await Promise.all([
  dist('provider-files.js'),
  dist('unpack-provider.js'),
])
const place = providerPlace()
const log = join(cache, 'copies.log')
// Its presence says that the provider is ours: a run that was killed leaves both.
const mark = join(cache, 'provider-is-of-the-check')

function removeOurs() {
  for (const name of providerLibraries) rmSync(join(place.folder, name), {force: true})
  rmSync(mark, {force: true})
}

async function check() {
  if (existsSync(mark)) removeOurs()
  if (!hasProvider(place)) {
    const wheel = fetchPackage(place.version)
    writeFileSync(mark, '')
    await unpackProvider(place, {path: wheel, cuda: '13'}, async () => {})
  }
  const standIn = join(cache, 'stand-in')
  buildStandIn(join(place.folder, providerLibraries[1]), standIn)
  rmSync(log, {force: true})
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const {status} = spawnSync(process.execPath, [vitest, 'run', '--no-file-parallelism', 'test/cuda'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {...process.env, LD_LIBRARY_PATH: standIn, STAND_IN_LOG: log, ORT_DISABLE_TELEMETRY: '1'},
  })
  return status ?? 1
}

try {
  process.exitCode = await check()
} finally {
  if (existsSync(mark)) removeOurs()
}
