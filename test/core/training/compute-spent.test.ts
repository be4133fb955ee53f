import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import {evalTable, metricsTable, readTable} from '../../../src/core/tables/index.js'
import {train} from '../../../src/core/training/train.js'
import {toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

const evaluated = ['eval.every=1', 'eval.modes=[standard,reasoning]', 'eval.limit=4', 'eval.bootstraps=20']

it('what a run spent is the sum over all its steps, those before a resume included', async () => {
  const workspace = await toyWorkspace()
  const config = (steps: number) =>
    toyConfig(workspace, 'run', [`train.steps=${steps}`, 'checkpoint.every=1', 'grpo.klCoef=0.1', ...evaluated])
  const first = await train(config(1), toyServices())
  const {compute, compute_evaluations: evaluations} = await train(config(3), toyServices({resume: true}))
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
  expect(compute!.flops).toBeGreaterThan(first.compute!.flops)
  const modes = readTable(join(workspace.folder, 'run', 'eval.arrow'), evalTable).filter(({split}) => split === 'all')
  expect(modes.map(({step, mode}) => `${step} ${mode}`)).toEqual(
    [1, 2, 3].flatMap((step) => ['standard', 'reasoning'].map((mode) => `${step} ${mode}`)),
  )
  expect(evaluations).toMatchObject({
    flops_generation: sumOf(modes.map((row) => row.mode_flops_generation)),
    flops_scoring: sumOf(modes.map((row) => row.mode_flops_scoring)),
    flops_update: 0,
    step_seconds: sumOf(modes.map((row) => row.mode_seconds)),
  })
  expect(evaluations!.flops_scoring).toBeGreaterThan(0)
  const stored = JSON.parse(readFileSync(join(workspace.folder, 'run', 'summary.json'), 'utf8'))
  expect(stored).toMatchObject({compute, compute_evaluations: evaluations})
})
