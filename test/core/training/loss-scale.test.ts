import {join} from 'node:path'
import {expect, it} from 'vitest'
import {metricsTable, readTable} from '../../../src/core/tables/index.js'
import {train} from '../../../src/core/training/train.js'
import {Interrupted} from '../../../src/core/util/errors.js'
import {runContents} from '../../support/run-contents.js'
import {toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

// The weight of the rows makes gradients overflow at the first scales.
const changes = ['precision=float16-rounded', 'grpo.ntpCoef=3', 'train.steps=6']

it('a run in float16 skips what overflows, says so, and goes on to the same bits after an interruption', async () => {
  const workspace = await toyWorkspace()
  const rowsOf = (run: string) => readTable(join(workspace.folder, run, 'metrics.arrow'), metricsTable)
  const lines: string[] = []
  await train(toyConfig(workspace, 'whole', changes), toyServices({}, lines))

  const rows = rowsOf('whole')
  const skipped = rows.map((row) => row['rpt/updates_skipped'])
  expect(skipped).toEqual(skipped.toSorted((a, b) => b! - a!))
  expect([skipped[1], skipped.at(-1)]).toEqual([1, 0])
  rows.forEach((row, i) => {
    expect(row['rpt/updates']).toBe(1 - row['rpt/updates_skipped']!)
    expect(row.grad_norm === null).toBe(row['rpt/updates_skipped'] === 1)
    expect(row['rpt/loss_scale']).toBe(2 ** (16 - Math.min(i, skipped.indexOf(0))))
  })
  expect(lines.filter((line) => line.includes('overflow'))).toEqual(
    skipped.flatMap((count, i) =>
      count === 1
        ? [
            `train: step ${i + 1}: the gradient overflows at loss scale ${2 ** (16 - i)}: the update is skipped, the scale halved`,
          ]
        : [],
    ),
  )

  for (const stopAfter of [1, 5]) {
    const out = `stopped-${stopAfter}`
    const stop = new AbortController()
    const stage = {advance: () => (rowsOf(out).length >= stopAfter ? stop.abort() : undefined), note() {}, done() {}}
    const services = toyServices({signal: stop.signal})
    const progress = {...services.progress, stage: () => stage}
    await expect(train(toyConfig(workspace, out, changes), {...services, progress})).rejects.toThrow(Interrupted)
    await train(toyConfig(workspace, out, changes), toyServices({resume: true}))
    const [whole, resumed] = await Promise.all(['whole', out].map((run) => runContents(join(workspace.folder, run), 6)))
    for (const name of Object.keys(whole)) expect(resumed[name] === whole[name], `${out} ${name}`).toBe(true)
  }
})
