#!/usr/bin/env node
/**
 * Measures rpt on a GPU, part by part: `node scripts/gpu.js [--part N] [--out DIR] [--join] [--page FILE]`. Needs `dist` and
 * node_modules alone: no npm, no network. Every part takes at most 8 minutes and writes DIR/part-N.json, what it found
 * so far included; `--join` writes DIR/table.md from what is there, and puts it into a page.
 *
 * `--device cpu --smallest` runs everything in small, to see that it works; such figures get into no page.
 */
import {spawn} from 'node:child_process'
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {parseArgs} from 'node:util'
import {dist, parts, resultFile, writeResult} from './gpu/parts.js'
import {joinParts} from './gpu/table.js'

const options = {
  part: {type: 'string'},
  device: {type: 'string', default: 'cuda'},
  out: {type: 'string', default: join('runs', 'gpu')},
  smallest: {type: 'boolean', default: false},
  join: {type: 'boolean', default: false},
  page: {type: 'string'},
  worker: {type: 'boolean', default: false},
}
const limitMilliseconds = 8 * 60_000
const {values: asked} = parseArgs({options})

if (asked.worker) await work()
else await lead()

/** One part, in a process that has the variables that the device needs. */
async function work() {
  const part = parts[Number(asked.part) - 1]
  const file = resultFile(asked.out, asked.part)
  const result = {part: part.name, device: asked.device, smallest: asked.smallest, complete: false, found: {}}
  const note = (name, value) => {
    result.found[name] = value
    writeResult(file, result)
  }
  await part.run({...asked, note})
  result.complete = true
  note('node', process.version)
}

async function lead() {
  mkdirSync(asked.out, {recursive: true})
  if (asked.part !== undefined && !parts[Number(asked.part) - 1])
    stop(`--part ${asked.part}: there are parts 1 to ${parts.length}`)
  const wanted = asked.part ? [Number(asked.part)] : asked.join ? [] : parts.map((_, index) => index + 1)
  let failed = 0
  for (const number of wanted) failed += (await runPart(number)) ? 0 : 1
  if (asked.join || wanted.length > 1) {
    const {table, unfit} = joinParts(asked.out)
    writeFileSync(join(asked.out, 'table.md'), table)
    process.stdout.write(`${table}gpu: ${join(asked.out, 'table.md')}\n`)
    if (asked.page) intoPage(asked.page, table, unfit)
  }
  process.exitCode = failed > 0 ? 1 : 0
}

async function runPart(number) {
  const {devices} = await dist('core/runtime/devices.js')
  if (!Object.hasOwn(devices, asked.device))
    stop(`--device ${asked.device}: there are ${Object.keys(devices).join(', ')}`)
  const wanted = await devices[asked.device].environment?.(process.env, {cuda: {tf32: false}})
  const own = [
    '--part',
    `${number}`,
    '--device',
    asked.device,
    '--out',
    asked.out,
    ...(asked.smallest ? ['--smallest'] : []),
  ]
  process.stdout.write(`gpu: part ${number} of ${parts.length}, ${parts[number - 1].name}\n`)
  const began = performance.now()
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), ...own, '--worker'], {
    env: {...process.env, ...wanted},
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: limitMilliseconds,
  })
  const watch = await watchMemory()
  const status = await new Promise((resolve) => {
    child.on('close', (code, signal) => resolve(code ?? signal))
  })
  const {gpu, peak} = watch.stop()
  addTo(number, {seconds: Math.round((performance.now() - began) / 1000), status, gpu, peak_device_bytes: peak})
  process.stdout.write(`gpu: part ${number} ended with ${status}; ${resultFile(asked.out, number)}\n`)
  return status === 0
}

/** Adds what the process around a part saw; a part that came to nothing leaves that alone. */
function addTo(number, seen) {
  const file = resultFile(asked.out, number)
  let result = {
    part: parts[number - 1].name,
    device: asked.device,
    smallest: asked.smallest,
    complete: false,
    found: {},
  }
  try {
    const written = JSON.parse(readFileSync(file, 'utf8'))
    if (written.status === undefined) result = written
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
  writeResult(file, {...result, ...seen})
}

/** The GPU, and the most of its memory in use, asked twice a second; null where nvidia-smi does not tell. */
async function watchMemory() {
  const {findGpu} = await dist('core/cuda/gpu-memory.js')
  const name = asked.device === 'cpu' ? null : (findGpu(process.env).gpu?.name ?? null)
  let peak = null
  const look = () => {
    const {gpu} = findGpu(process.env)
    if (gpu) peak = Math.max(peak ?? 0, gpu.totalBytes - gpu.freeBytes)
  }
  const timer = name !== null ? setInterval(look, 500) : null
  return {
    stop() {
      if (timer) clearInterval(timer)
      return {gpu: name, peak}
    },
  }
}

function intoPage(page, table, unfit) {
  if (unfit) stop(`${page} is not written: ${unfit}`)
  const text = readFileSync(page, 'utf8')
  const marked = /(<!-- gpu:begin -->\n)[\s\S]*?(<!-- gpu:end -->)/
  if (!marked.test(text)) stop(`${page} has no place for the table: <!-- gpu:begin --> and <!-- gpu:end -->`)
  writeFileSync(
    page,
    text.replace(marked, (_, begin, end) => `${begin}${table}${end}`),
  )
}

function stop(message) {
  process.stderr.write(`gpu: ${message}\n`)
  process.exit(2)
}
