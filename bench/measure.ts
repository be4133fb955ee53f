import {join} from 'node:path'
import {LocalEngine} from '../src/core/engine/local-engine.js'
import {invariantThreads} from '../src/core/engine/sessions/threads.js'
import {readModelConfig} from '../src/core/models/model-config.js'
import type {Job, Measurement} from './job.js'
import {peakMemory} from './peak-memory.js'
import {TokenTape} from './token-tape.js'
import {works} from './works.js'

/** Measures one Job, given as JSON in the first argument, in this process; prints a Measurement. */

const job = JSON.parse(process.argv[2]) as Job
const engine = new LocalEngine({device: 'cpu', threads: job.threads})
await engine.load({checkpoint: job.checkpoint})
const threads = invariantThreads(await readModelConfig(join(job.checkpoint, 'config.json')), job.threads)
const tape = new TokenTape(job.tokens)
// Compiles the graphs too. Its tokens are none of the timed ones.
await works[job.work](engine, job, tape, job.repeats)
const seconds: number[] = []
const checks: number[] = []
for (let run = 0; run < job.repeats; run++) {
  const started = performance.now()
  checks.push(await works[job.work](engine, job, tape, run))
  seconds.push((performance.now() - started) / 1000)
}
const measurement: Measurement = {seconds, check: checks[0], peakRss: peakMemory(), threads, setting: ''}
console.log(JSON.stringify(measurement))
await engine.close()
