import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, it} from 'vitest'
import {type Config, configSchema} from '../../../src/core/config/schema.js'
import {findResumePoint} from '../../../src/core/runs/run-checkpoints.js'
import {metricsTable, nullsOf, writeTable} from '../../../src/core/tables/index.js'
import {silentProgress} from '../../../src/core/util/progress.js'

let out: string
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'rpt-run-checkpoints-'))
})
afterEach(() => rmSync(out, {recursive: true}))

it('a run without checkpoints may have been killed in the step of its first one, and not after it', async () => {
  const rows = [1, 2, 3, 4].map((step) => ({...nullsOf(metricsTable), step, wall_seconds: 0}))
  await writeTable(join(out, 'metrics.arrow'), metricsTable, rows)
  const find = (checkpoint: Partial<Config['checkpoint']>) =>
    findResumePoint({...configSchema.parse({checkpoint}), out}, {progress: silentProgress, command: 'train'})
  expect(await find({every: 4})).toBeNull()
  expect(await find({every: 9, steps: [0, 4]})).toBeNull()
  await expect(find({every: 3})).rejects.toThrow('has done 4 steps, but its checkpoints are gone')
  await expect(find({every: 9, steps: [3]})).rejects.toThrow('its checkpoints are gone')
})

it('what the run itself was to save decides, not what --resume is to save', async () => {
  const rows = [1, 2, 3, 4].map((step) => ({...nullsOf(metricsTable), step, wall_seconds: 0}))
  await writeTable(join(out, 'metrics.arrow'), metricsTable, rows)
  const find = (begun: number, now: number) => {
    writeFileSync(join(out, 'config.resolved.yaml'), `checkpoint:\n  every: ${begun}\n`)
    const config = {...configSchema.parse({checkpoint: {every: now}}), out}
    return findResumePoint(config, {progress: silentProgress, command: 'train'})
  }
  expect(await find(100, 1)).toBeNull()
  await expect(find(1, 100)).rejects.toThrow('its checkpoints are gone')
})
