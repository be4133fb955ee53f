import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import {metricsTable, readTable} from '../../../src/core/tables/index.js'
import {train} from '../../../src/core/training/train.js'
import {toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

it('what a run spent is the sum over all its steps, those before a resume included', async () => {
  const workspace = await toyWorkspace()
  const config = (steps: number) =>
    toyConfig(workspace, 'run', [`train.steps=${steps}`, 'checkpoint.every=1', 'grpo.klCoef=0.1'])
  const first = await train(config(1), toyServices())
  const {compute} = await train(config(3), toyServices({resume: true}))
  const rows = readTable(join(workspace.folder, 'run', 'metrics.arrow'), metricsTable)
  expect(rows).toHaveLength(3)
  const sumOf = (values: readonly (number | null)[]) => values.reduce<number>((sum, value) => sum + value!, 0)
  const [generation, scoring, update] = [
    sumOf(rows.map((row) => row['rpt/flops_generation'])),
    sumOf(rows.map((row) => row['rpt/flops_scoring'])),
    sumOf(rows.map((row) => row['rpt/flops_update'])),
  ]
  expect(compute).toEqual({
    flops_generation: generation,
    flops_scoring: scoring,
    flops_update: update,
    flops: generation + scoring + update,
    tokens: rows[2].num_tokens,
    step_seconds: sumOf(rows.map((row) => row.step_time)),
  })
  expect(scoring).toBeGreaterThan(0)
  expect(compute.flops).toBeGreaterThan(first.compute.flops)
  const stored = JSON.parse(readFileSync(join(workspace.folder, 'run', 'summary.json'), 'utf8'))
  expect(stored.compute).toEqual(compute)
})
