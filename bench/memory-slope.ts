import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {LocalEngine} from '../src/core/engine/local-engine.js'
import {slopeOf} from './exponents.js'
import type {Job, WorkSize} from './job.js'
import {models, prepareModel} from './models.js'
import {at} from './paths.js'
import {TokenTape} from './token-tape.js'
import {works} from './works.js'

/**
 * Resident memory over a thousand rollouts and updates of a tiny model, lengths and numbers of contexts changing from
 * step to step; exits 1 when it grows by 1 MB or more per 100 steps after warm-up.
 * `tsx bench/memory-slope.ts [--steps N] [--warm-up N] [--out DIR]`.
 */

const {values: options} = parseArgs({
  options: {
    steps: {type: 'string', default: '1000'},
    'warm-up': {type: 'string', default: '300'},
    out: {type: 'string', default: at()},
  },
})
const steps = Number(options.steps)
const warmUp = Number(options['warm-up'])
const limit = 1

const checkpoint = await prepareModel('XS')
const tape = new TokenTape(join(checkpoint, 'tokens.bin'))
const engine = new LocalEngine({device: 'cpu', threads: 2})
await engine.load({checkpoint})
const rss: number[] = []
for (let step = 0; step < steps; step++) {
  await works.step(engine, jobOf(step), tape, step)
  rss.push(process.memoryUsage.rss() / 1e6)
  if ((step + 1) % 50 === 0) process.stderr.write(`step ${step + 1}/${steps}: ${rss.at(-1)!.toFixed(1)} MB resident\n`)
}
await engine.close()

const settled = rss.slice(warmUp).map((y, i) => ({x: (warmUp + i) / 100, y}))
const slope = slopeOf(settled)
const found = {steps, warmUp, mbPer100Steps: slope, limit, firstMb: settled[0].y, lastMb: settled.at(-1)!.y, rssMb: rss}
mkdirSync(options.out, {recursive: true})
writeFileSync(join(options.out, 'memory-slope.json'), `${JSON.stringify(found)}\n`)
const span = `${found.firstMb.toFixed(1)} MB at step ${warmUp}, ${found.lastMb.toFixed(1)} MB at step ${steps}`
process.stdout.write(`${slope.toFixed(3)} MB per 100 steps after ${warmUp} (limit ${limit}): ${span}\n`)
if (slope >= limit) process.exitCode = 1

/** Every 12 steps all combinations of three context lengths, two completion lengths and two numbers of contexts. */
function jobOf(step: number): Job {
  const size: WorkSize = {
    contexts: [2, 4][step % 2],
    groupSize: 4,
    context: [17, 33, 49][step % 3],
    completion: [8, 16][Math.floor(step / 6) % 2],
  }
  return {
    work: 'step',
    size,
    checkpoint,
    vocabulary: models.XS.vocab_size,
    tokens: join(checkpoint, 'tokens.bin'),
    microBatch: 2,
    warmUp: 'full',
    repeats: steps,
    threads: 2,
  }
}
