import {existsSync, readFileSync, statSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {rpt} from '../commands/rpt.js'
import {temporaryFolder} from '../support/tiny-engine.js'

/** Set by scripts/check-cuda.js: the file that the stand-in for CUDA's libraries notes copies in. */
const log = process.env.STAND_IN_LOG ?? ''

const sets = (...settings: readonly string[]) => settings.flatMap((setting) => ['--set', setting])
const commandOf = (name: string, config: string) => [name, '--config', `experiments/tiny/${config}.yaml`]
/** There is no driver that could say how much memory there is. */
const onCuda = ['--device', 'cuda', ...sets('memory.deviceLimitGiB=4')]

/** What the stand-in copied so far, bytes, named as in a summary. */
function copied() {
  const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []
  const sum = (word: string) =>
    lines.reduce((total, line) => total + (line.startsWith(`${word} `) ? Number(line.split(' ')[1]) : 0), 0)
  return {to_device: sum('in'), from_device: sum('out')}
}

/** Runs a command that must succeed; its summary, and what was copied meanwhile. */
async function run(command: readonly string[], out: string) {
  const before = copied()
  const {status, stderr} = await rpt([...command, '--out', out])
  expect(status, stderr).toBe(0)
  const after = copied()
  const moved = {to_device: after.to_device - before.to_device, from_device: after.from_device - before.from_device}
  return {summary: JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8')), moved}
}

describe.skipIf(log === '')('commands on CUDA, with a stand-in for its libraries', () => {
  it('train a step and evaluate it, and copy what was counted', async () => {
    const folder = temporaryFolder()
    const [data, out, results] = ['data', 'rpt', 'eval'].map((name) => join(folder, name))
    await run([...commandOf('prepare-data', 'prepare'), ...sets('data.limit=40', 'data.valDocuments=20')], data)

    // What the stand-in computes earns no reward: the entropy alone makes an update. Few rows, so that weights are most of what is copied.
    const step = sets('train.steps=1', 'grpo.contextsPerStep=2', 'grpo.groupSize=2', 'grpo.entropyCoef=0.01')
    const training = await run([...commandOf('train', 'rpt'), '--data', data, ...step, ...onCuda], out)
    const {updates, update_mode, bus_bytes, tf32} = training.summary
    expect({updates, update_mode, tf32}).toEqual({updates: 1, update_mode: 'whole', tf32: false})
    // Constants of graphs come once besides, and addresses that kernels ask for; from the device, whether a loop goes on.
    expect(training.moved.to_device / bus_bytes.to_device).toBeGreaterThan(1)
    expect(training.moved.to_device / bus_bytes.to_device).toBeLessThan(1.1)
    expect(training.moved.from_device - bus_bytes.from_device).toBeGreaterThanOrEqual(0)
    expect(training.moved.from_device - bus_bytes.from_device).toBeLessThan(64)

    const models = `eval.models=${JSON.stringify(['experiments/tiny/base', out])}`
    const few = sets(models, 'eval.modes=[standard,reasoning]', 'eval.limit=4')
    const evaluation = await run([...commandOf('eval', 'eval'), '--data', data, ...few, ...onCuda], results)
    const rows: {run: string; mode: string; split: string; count: number}[] = evaluation.summary.rows
    const evaluated = rows.filter(({split}) => split === 'all').map((row) => `${row.run} ${row.mode} ${row.count}`)
    expect(evaluated).toEqual(['base standard 4', 'base reasoning 4', 'rpt standard 4', 'rpt reasoning 4'])
    // Each of them is one run of the sampling loop, which is fed all weights and hands out tokens only.
    const weights = evaluated.length * statSync('experiments/tiny/base/model.safetensors').size
    expect(evaluation.moved.to_device / weights).toBeGreaterThan(1)
    expect(evaluation.moved.to_device / weights).toBeLessThan(1.1)
    expect(evaluation.moved.from_device).toBeLessThan(0.01 * weights)
  })
})
