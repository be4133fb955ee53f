import {mkdirSync, writeFileSync} from 'node:fs'
import {arch, cpus, release, totalmem, type} from 'node:os'
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {runtimeVersion} from '../src/core/runtime/providers.js'
import {formatBytes} from '../src/terminal/format.js'
import {isFailure, runChild} from './child.js'
import type {Job, Measurement, Side} from './job.js'
import type {Limits, LimitsRequest} from './limits.js'
import {renderMarkdown} from './markdown.js'
import {models, prepareModel} from './models.js'
import {resultFolders} from './paths.js'
import {Plan} from './plan.js'
import {peerVersions, preparePython} from './python.js'
import {type Found, type Results, resultRow} from './results.js'
import {type Benchmark, select} from './workloads.js'

/** `npm run bench`: measures rpt, and with --peers PyTorch, transformers and TRL in turn with it. See README.md. */

const {values: options} = parseArgs({
  options: {
    peers: {type: 'boolean', default: false},
    only: {type: 'string', default: ''},
    repeats: {type: 'string'},
    rounds: {type: 'string', default: '2'},
    out: {type: 'string'},
    python: {type: 'string'},
  },
})
const threads = 2
const rounds = Array.from({length: Number(options.rounds)}, (_, i) => i + 1)
const benchmarks = select(options.only.split(',').filter(Boolean))
const python = options.peers ? (options.python ?? preparePython()) : null
const isWhole =
  python !== null && benchmarks.length === select([]).length && options.repeats === undefined && rounds.length > 1
const {draft, out} = resultFolders(options.out, isWhole)
const sides: readonly Side[] = python ? ['ours', 'peer'] : ['ours']
const started = performance.now()
const secondsSoFar = () => (performance.now() - started) / 1000

const plan = new Plan(benchmarks, sides, rounds.length, options.repeats ? Number(options.repeats) : undefined)
process.stderr.write(`${plan.describe()}\n`)
const limits = {ours: await measureLimits('ours'), peer: python ? await measureLimits('peer') : null}
const found = new Map<Benchmark, Record<Side, Found[Side][number][]>>()
for (const benchmark of benchmarks) {
  const measurements: Record<Side, Found[Side][number][]> = {ours: [], peer: []}
  found.set(benchmark, measurements)
  const folder = await prepareModel(benchmark.model)
  for (const round of rounds) {
    for (const side of sides) {
      process.stderr.write(`${plan.line(benchmark, side, round, secondsSoFar())}\n`)
      const begun = performance.now()
      const measured = await runChild<Measurement>(side, 'measure', jobOf(benchmark, side, folder), python ?? '')
      plan.advance(benchmark, side, (performance.now() - begun) / 1000)
      if (isFailure(measured))
        process.stderr.write(`${benchmark.work} ${benchmark.workload} ${side}: ${measured.failure}\n`)
      measurements[side].push(measured)
    }
  }
  writeResults(draft)
}
const results = writeResults(out)
process.stdout.write(renderMarkdown(results))
process.stderr.write(`wrote ${join(out, 'results.json')} and ${join(out, 'RESULTS.md')}\n`)
const unequal = results.rows.filter(({isSameWork}) => !isSameWork)
if (unequal.length > 0) {
  process.stderr.write(
    `the sides did different work in ${unequal.map((row) => `${row.work} ${row.workload}`).join(', ')}\n`,
  )
  process.exitCode = 1
}

function jobOf({work, size, model, microBatch, repeats, peerWarmUp}: Benchmark, side: Side, folder: string): Job {
  return {
    work,
    size,
    checkpoint: folder,
    vocabulary: models[model].vocab_size,
    tokens: join(folder, 'tokens.bin'),
    microBatch: microBatch[side],
    warmUp: side === 'ours' ? 'full' : peerWarmUp,
    repeats: plan.repeats ?? repeats,
    threads,
  }
}

async function measureLimits(side: Side): Promise<Limits | null> {
  const request: LimitsRequest = {work: 'limits', side: 2048, bytes: 2 ** 29, threads}
  const measured = await runChild<Limits>(side, side === 'ours' ? 'limits' : 'measure', request, python ?? '')
  if (!isFailure(measured)) return {flops: measured.flops, copyBytes: measured.copyBytes}
  process.stderr.write(`limits ${side}: ${measured.failure}\n`)
  return null
}

/** Writes what is known so far, so that a run that is cut short leaves something. */
function writeResults(folder: string): Results {
  const measured: Results = {
    date: new Date().toISOString(),
    command: ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' '),
    threads,
    machine: {
      processor: `${cpus()[0]?.model.trim()}, ${cpus().length} cores`,
      memory: formatBytes(totalmem()),
      system: `${type()} ${release()} ${arch()}`,
    },
    versions: {node: process.version.slice(1), onnxruntime: runtimeVersion(), ...(python ? peerVersions(python) : {})},
    limits,
    seconds: secondsSoFar(),
    rows: [...found].map(([benchmark, measurements]) => resultRow(benchmark, measurements)),
  }
  mkdirSync(folder, {recursive: true})
  writeFileSync(join(folder, 'results.json'), `${JSON.stringify(measured, null, 2)}\n`)
  writeFileSync(join(folder, 'RESULTS.md'), renderMarkdown(measured))
  return measured
}
