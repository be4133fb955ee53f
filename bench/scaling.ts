import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {isFailure, runChild} from './child.js'
import {doublingExponents} from './exponents.js'
import type {Job, Measurement, Work, WorkSize} from './job.js'
import {plotLogLog} from './log-log-plot.js'
import {models, prepareModel} from './models.js'
import {at} from './paths.js'
import {median} from './results.js'

/**
 * Time and peak memory of rpt's works against each size that a user chooses, doubled four times, on the S model; writes
 * scaling.json, SCALING.md and scaling-*.svg. `tsx bench/scaling.ts [--out DIR] [--repeats N]`.
 */

/** What is doubled, and the works that it matters to. */
interface Axis {
  readonly name: string
  readonly key: keyof WorkSize
  readonly works: readonly Work[]
  readonly base: WorkSize
}

const base: WorkSize = {contexts: 4, groupSize: 4, context: 64, completion: 16}
const sampling: readonly Work[] = ['rollout', 'update']
const axes: readonly Axis[] = [
  {name: 'context length', key: 'context', works: sampling, base},
  {name: 'completion length', key: 'completion', works: sampling, base},
  {name: 'group size', key: 'groupSize', works: sampling, base: {...base, groupSize: 2}},
  {name: 'contexts per batch', key: 'contexts', works: sampling, base: {...base, contexts: 2}},
  {
    name: 'documents',
    key: 'contexts',
    works: ['score'],
    base: {contexts: 8, groupSize: 1, context: 256, completion: 0},
  },
]
const factors = [1, 2, 4, 8, 16]

/** One measured size. */
interface Point {
  readonly size: number
  readonly seconds: number
  readonly peakRss: number
}

const {values: options} = parseArgs({
  options: {out: {type: 'string', default: at()}, repeats: {type: 'string', default: '3'}},
})
const checkpoint = await prepareModel('S')
const curves: {axis: string; work: Work; points: Point[]}[] = []
for (const axis of axes)
  for (const work of axis.works) curves.push({axis: axis.name, work, points: await measureCurve(axis, work)})

writeFileSync(join(options.out, 'scaling.json'), `${JSON.stringify(curves, null, 2)}\n`)
for (const {name} of axes) plotAxis(name)
const page = ['# Scaling', '', ...table(), ''].join('\n')
writeFileSync(join(options.out, 'SCALING.md'), page)
process.stdout.write(page)

async function measureCurve({name, key, base}: Axis, work: Work): Promise<Point[]> {
  const points: Point[] = []
  for (const factor of factors) {
    const size = {...base, [key]: base[key] * factor}
    process.stderr.write(`${work}, ${name} ${size[key]}\n`)
    const measured = await runChild<Measurement>('ours', 'measure', jobOf(work, size), '')
    if (isFailure(measured)) throw new Error(`${work}, ${name} ${size[key]}: ${measured.failure}`)
    points.push({size: size[key], seconds: median(measured.seconds), peakRss: measured.peakRss})
  }
  return points
}

/** All contexts in one micro-batch, so that memory is that of the whole; documents 8 at a time, as a user would. */
function jobOf(work: Work, size: WorkSize): Job {
  return {
    work,
    size,
    checkpoint,
    vocabulary: models.S.vocab_size,
    tokens: join(checkpoint, 'tokens.bin'),
    microBatch: work === 'score' ? 8 : size.contexts,
    warmUp: 'full',
    repeats: Number(options.repeats),
    threads: 2,
  }
}

function plotAxis(name: string): void {
  const own = curves.filter(({axis}) => axis === name)
  const measures = [
    ['seconds', 'seconds', ({seconds}: Point) => seconds],
    ['memory', 'peak memory, MiB', ({peakRss}: Point) => peakRss / 2 ** 20],
  ] as const
  for (const [file, title, read] of measures) {
    const series = own.map(({work, points}) => ({name: work, points: points.map((p) => ({x: p.size, y: read(p)}))}))
    const svg = plotLogLog(series, {title: `${title} against ${name}`, x: name})
    writeFileSync(join(options.out, `scaling-${name.replaceAll(' ', '-')}-${file}.svg`), svg)
  }
}

function table(): string[] {
  const rows = curves.map(({axis, work, points}) => {
    const time = doublingExponents(points.map(({size, seconds}) => ({x: size, y: seconds})))
    const memory = doublingExponents(points.map(({size, peakRss}) => ({x: size, y: peakRss})))
    const [first, last] = [points[0], points.at(-1)!]
    const cells = [
      work,
      `${axis} ${first.size}..${last.size}`,
      `${first.seconds.toFixed(3)}..${last.seconds.toFixed(3)}`,
      time.overall.toFixed(2),
      time.last.toFixed(2),
      `${Math.round(first.peakRss / 2 ** 20)}..${Math.round(last.peakRss / 2 ** 20)}`,
      memory.overall.toFixed(2),
      memory.last.toFixed(2),
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [
    'Exponents of time and peak memory against each size: slope of the logarithms over all four doublings, and of the last',
    'one, where what does not grow weighs least. 1 is linear; above it by more than noise only where attention is quadratic.',
    '',
    '| work | size | seconds | exponent | last | peak MiB | exponent | last |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
  ]
}
