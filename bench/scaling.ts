import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {isFailure, runChild} from './child.js'
import type {Job, Measurement, Work, WorkSize} from './job.js'
import {models, prepareModel} from './models.js'
import {at} from './paths.js'
import {median} from './results.js'
import {type ScalingCurve, type ScalingPoint, writeScaling} from './scaling-page.js'

/**
 * Time and peak memory of rpt's works against each size that a user chooses, doubled four times, on the S model; writes
 * scaling.json, SCALING.md and scaling-*.svg. `tsx bench/scaling.ts [--out DIR] [--repeats N]`; with `--redraw` the page and the
 * plots are those of the scaling.json that is there.
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

const {values: options} = parseArgs({
  options: {
    out: {type: 'string', default: at()},
    repeats: {type: 'string', default: '3'},
    redraw: {type: 'boolean', default: false},
  },
})
const stored = join(options.out, 'scaling.json')
if (!options.redraw) writeFileSync(stored, `${JSON.stringify(await measureAll(), null, 2)}\n`)
process.stdout.write(await writeScaling(JSON.parse(readFileSync(stored, 'utf8')), options.out))

async function measureAll(): Promise<ScalingCurve[]> {
  const checkpoint = await prepareModel('S')
  const curves: ScalingCurve[] = []
  for (const axis of axes)
    for (const work of axis.works)
      curves.push({axis: axis.name, work, points: await measureCurve(axis, work, checkpoint)})
  return curves
}

async function measureCurve({name, key, base}: Axis, work: Work, checkpoint: string): Promise<ScalingPoint[]> {
  const points: ScalingPoint[] = []
  for (const factor of factors) {
    const size = {...base, [key]: base[key] * factor}
    process.stderr.write(`${work}, ${name} ${size[key]}\n`)
    const measured = await runChild<Measurement>('ours', 'measure', jobOf(work, size, checkpoint), '')
    if (isFailure(measured)) throw new Error(`${work}, ${name} ${size[key]}: ${measured.failure}`)
    points.push({size: size[key], seconds: median(measured.seconds), peakRss: measured.peakRss})
  }
  return points
}

/** All contexts in one micro-batch, so that memory is that of the whole; documents 8 at a time, as a user would. */
function jobOf(work: Work, size: WorkSize, checkpoint: string): Job {
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
