import {existsSync, readdirSync, rmSync, truncateSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {checkpointSteps} from '../../../src/core/runs/run-checkpoints.js'
import {sweep} from '../../../src/core/sweep/sweep.js'
import {type ToyWorkspace, toyServices, toyWorkspace} from '../../support/toy-run.js'

let workspace: ToyWorkspace
const at = (...names: string[]) => join(workspace.folder, ...names)

const ofSteps = (steps: number, model = 'base') =>
  `data: {dir: data}\nmodel: {path: ${model}}\nthreads: 1\ncheckpoint: {steps: [1, ${steps}]}\ntrain: {steps: ${steps}, batchRows: 4, objective: ntp}\n`

beforeAll(async () => {
  workspace = await toyWorkspace()
  writeFileSync(at('train.yaml'), ofSteps(2))
  writeFileSync(at('short.yaml'), ofSteps(1))
  writeFileSync(at('onwards.yaml'), ofSteps(2, 'made/runs/base/checkpoints/step-000002'))
  await sweepWith({})
})

function sweepWith(replace: {overwrite?: boolean}, changes: readonly string[] = []) {
  const sets = ['sweep.train=train.yaml', 'out=made', 'threads=1', 'eval.modes=[standard]', 'eval.limit=4', ...changes]
  const {config} = loadConfig({sets: [...sets, 'sweep.bootstraps=5', 'eval.bootstraps=5'], cwd: workspace.folder})
  return sweep(config, toyServices({command: 'scaling-sweep', ...replace}))
}

describe('scaling-sweep --overwrite', () => {
  it('leaves alone a sweep that holds what the training of a point reads', async () => {
    const before = readdirSync(at('made'), {recursive: true})
    await expect(sweepWith({overwrite: true}, ['sweep.train=onwards.yaml'])).rejects.toThrow(
      /would remove an input of the point base: model\.path is .*step-000002/,
    )
    expect(readdirSync(at('made'), {recursive: true})).toEqual(before)
  })

  it('of a finished sweep trains its points again', async () => {
    const {rows, compute} = await sweepWith({overwrite: true})
    expect(compute.flops).toBeGreaterThan(0)
    expect(new Set(rows.map(({step}) => step))).toEqual(new Set([1, 2]))
    expect(existsSync(at('made', 'runs', 'base', 'summary.json'))).toBe(true)
  })

  it('goes on from nothing that it replaces, whole or damaged', async () => {
    await sweepWith({overwrite: true}, ['sweep.train=short.yaml'])
    expect(await checkpointSteps(at('made', 'runs', 'base'))).toEqual([1])
    rmSync(at('made', 'runs', 'base', 'summary.json'))
    truncateSync(at('made', 'runs', 'base', 'checkpoints', 'step-000001', 'model.safetensors'), 700)
    await sweepWith({overwrite: true})
    expect(await checkpointSteps(at('made', 'runs', 'base'))).toEqual([1, 2])
  })
})
