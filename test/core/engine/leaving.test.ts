import {spawnSync} from 'node:child_process'
import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath, pathToFileURL} from 'node:url'
import {Worker} from 'node:worker_threads'
import {expect, it} from 'vitest'
import {closeGate, createGate} from '../../../src/core/runtime/exit-gate.js'
import {temporaryFolder} from '../../support/tiny-engine.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Computes without a pause in two calls at a time, and ends itself in the midst of it. */
const program = (ending: string) => `
  import {startEngine} from ${JSON.stringify(pathToFileURL(join(root, 'dist/core/engine/start-engine.js')))}
  const engine = startEngine({device: 'cpu', threads: 1})
  await engine.load({checkpoint: ${JSON.stringify(join(root, 'experiments/tiny/base'))}})
  const sequences = Array.from({length: 64}, () => Int32Array.from({length: 40}, (_, i) => 5 + i))
  const compute = async () => {
    for (;;) await engine.score(sequences, {topK: 16, batchTokens: 256})
  }
  void compute()
  void compute()
  setTimeout(() => { ${ending} }, 60)`

it.each([
  ['process.exit(130)', 130],
  ['process.exit(5)', 5],
  ["throw new Error('a fault of ours')", 1],
])('a process that ends by %s while its engine computes has status %i and does not abort', (ending, expected) => {
  const file = join(temporaryFolder(), 'program.mjs')
  writeFileSync(file, program(ending))
  const {status, signal, stderr} = spawnSync(process.execPath, [file], {encoding: 'utf8'})
  expect({status, signal}, stderr).toEqual({status: expected, signal: null})
})

it('a gate closes only when the thread behind it is outside, and says when that takes too long', async () => {
  const gate = createGate()
  expect(closeGate(gate, 20)).toBe(false)
  const leave = `const {workerData: gate} = require('node:worker_threads')
    setTimeout(() => { Atomics.sub(gate, 1, 1); Atomics.notify(gate, 1) }, 50)`
  const worker = new Worker(leave, {eval: true, workerData: gate})
  expect(closeGate(gate, 20_000)).toBe(true)
  await worker.terminate()
})
