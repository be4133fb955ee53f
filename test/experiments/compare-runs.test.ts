import {spawnSync} from 'node:child_process'
import {mkdirSync, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {root} from '../../scripts/ensure-ready.js'
import {
  type EvalRow,
  evalTable,
  type MetricsRow,
  metricsTable,
  nullsOf,
  writeTable,
} from '../../src/core/tables/index.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rpt-compare-runs-'))
})
afterAll(() => rmSync(folder, {recursive: true}))

interface Values {
  readonly loss?: number | null
  readonly accuracy?: number
  readonly seconds?: number
}

/** Writes a run of one step and its evaluation, and returns where. */
async function runOf(name: string, {loss = 0, accuracy = 0, seconds = 1}: Values): Promise<string> {
  const path = join(folder, name)
  mkdirSync(path, {recursive: true})
  const measures = {...nullsOf(metricsTable), step: 1, wall_seconds: seconds, step_time: seconds, loss}
  await writeTable(join(path, 'metrics.arrow'), metricsTable, [measures as MetricsRow])
  const about = {run: 'rpt', objective: 'rpt', checkpoint: 'step-1', step: 1, mode: 'standard', split: 'all', seed: 0}
  const counts = {count: 2, correct: 1, accuracy, inexpressible: null, cut_tokens: 0, prompt_settings: '{}'}
  const passes = {pass_at: {1: 0.5, 8: 1}, pass_at_k: null, pass_at_low: null, pass_at_high: null}
  const row = {...nullsOf(evalTable), ...about, ...counts, ...passes, mode_seconds: seconds}
  await writeTable(join(path, 'eval.arrow'), evalTable, [row as unknown as EvalRow])
  return path
}

/** The exit code and the differences of a comparison. */
async function compared(before: Values, after: Values) {
  const paths = [await runOf('before', before), await runOf('after', after)]
  const {status, stdout, stderr} = spawnSync(process.execPath, ['scripts/compare-runs.js', ...paths], {
    cwd: root,
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  return {status, differences: stdout.split('\n').filter((line) => line.startsWith('differs'))}
}

describe('scripts/compare-runs.js', () => {
  it('passes two runs that differ in their clocks alone', async () => {
    expect(await compared({seconds: 1}, {seconds: 2})).toEqual({status: 0, differences: []})
  })

  it.each([
    [{loss: Number.POSITIVE_INFINITY}, {loss: null}, 'metrics.arrow, column loss'],
    [{loss: 0}, {loss: -0}, 'metrics.arrow, column loss'],
    [{accuracy: 0.5}, {accuracy: 0.5 + 2 ** -53}, 'eval.arrow, column accuracy'],
  ])('finds that %j is not %j', async (before, after, place) => {
    expect(await compared(before, after)).toEqual({status: 1, differences: [`differs: ${place}`]})
  })

  it('finds that a number that is none is itself', async () => {
    expect(await compared({loss: Number.NaN}, {loss: Number.NaN})).toEqual({status: 0, differences: []})
  })
})
