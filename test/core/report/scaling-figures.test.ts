import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {type RunFolder, readRun} from '../../../src/core/report/read-run.js'
import {collectFits, collectScaling, lostCompute} from '../../../src/core/report/scaling-figures.js'
import {nullsOf, sweepTable, writeTable} from '../../../src/core/tables/index.js'
import {type SyntheticRuns, writeSyntheticRuns} from './synthetic-runs.js'

/** A sweep of some folder, whose summary tells the exponent of its only curve. */
function sweepIn(path: string, alpha: number): RunFolder {
  const sweep = [1, 2, 4].map((step) => ({
    run: `p${step}`,
    point: JSON.stringify({'train.steps': step}),
    step,
    compute_flops: step * 1e12,
    mode: 'reasoning',
    split: 'hard',
    accuracy: 0.5,
    ci_low: 0.4,
    ci_high: 0.6,
    seed: 0,
  }))
  const summary = {fits: [{mode: 'reasoning', split: 'hard', A: -1, alpha, P_star: 0.5, r2: 1, alpha_ci: null}]}
  const name = path.split('/').at(-1)
  return {path, name, sweep, summary, settings: null, rolloutSteps: [], metrics: [], evals: []} as unknown as RunFolder
}

it.each([
  [
    ['/a/first', '/a/second'],
    ['first, reasoning', 'second, reasoning'],
  ],
  [
    ['/a/sweep', '/b/sweep'],
    ['/a/sweep, reasoning', '/b/sweep, reasoning'],
  ],
  [['/a/sweep'], ['reasoning']],
])('curves of sweeps %j are %j, each with its own fit', (paths, names) => {
  const runs = paths.map((path, i) => sweepIn(path, 1 + i))
  const points = collectScaling(runs)
  expect([...new Set(points.map(({series}) => series))]).toEqual(names)
  expect(collectFits(runs, points).map(({series, alpha}) => [series, alpha])).toEqual(names.map((n, i) => [n, 1 + i]))
})

it('a run that lost rows of its metrics has points up to the loss alone, which is said', () => {
  const metrics = [1, 2, 4].map((step) => ({step, 'rpt/flops_update': 1e12, step_time: 1, num_tokens: 1}))
  const evals = [0, 1, 2, 4].map((step) => ({step, mode: 'reasoning', split: 'hard', accuracy: 0.5}))
  const run = {path: '/a/rpt', name: 'rpt', sweep: [], metrics, evals, settings: null} as unknown as RunFolder
  expect(lostCompute([run])).toEqual([
    'report: metrics.arrow of rpt lacks steps, so accuracy against compute leaves out its checkpoints of step 4',
  ])
  expect(collectScaling([run])).toEqual([])
  const rows = [...metrics.slice(0, 2), {...metrics[0], step: 3}, metrics[2]]
  const whole = {...run, metrics: rows} as unknown as RunFolder
  expect(lostCompute([whole, {...run, metrics: []}])).toEqual([])
  expect(collectScaling([whole]).map(({compute}) => compute)).toEqual([1e12, 2e12, 4e12])
})

it('a sweep that has just begun leaves the curves of other runs', () => {
  const begun = sweepIn('/a/sweep', 1)
  const evals = [1, 2, 3].map((step) => ({
    mode: 'reasoning',
    split: 'hard',
    step,
    accuracy: 0.5,
    ci_low: 0.4,
    ci_high: 0.6,
  }))
  const metrics = [1, 2, 3].map((step) => ({step, 'rpt/flops_update': 1e12}))
  const run = {...begun, path: '/a/rpt', name: 'rpt', sweep: [], summary: null, evals, metrics} as unknown as RunFolder
  const seriesOf = (sweep: RunFolder) => [...new Set(collectScaling([sweep, run]).map(({series}) => series))]
  expect(seriesOf({...begun, sweep: begun.sweep.slice(0, 1)})).toEqual(['rpt, reasoning'])
  expect(seriesOf(begun)).toEqual(['reasoning'])
})

describe('runs on disk', () => {
  let runs: SyntheticRuns
  beforeAll(async () => {
    runs = await writeSyntheticRuns(mkdtempSync(join(tmpdir(), 'rpt-scaling-')))
  })
  afterAll(() => rmSync(runs.root, {recursive: true}))

  it('that evaluated several checkpoints are fitted against the FLOPs they had spent', () => {
    const folders = [readRun(runs.rpt)]
    const points = collectScaling(folders)
    const hard = points.filter(({series, split}) => series === 'rpt, reasoning' && split === 'hard')
    expect(hard.map(({compute}) => compute)).toEqual([10, 20, 40, 80, 120, 160, 200].map((step) => step * 1e10))
    const fit = collectFits(folders, points).find(({series, split}) => series === 'rpt, reasoning' && split === 'easy')
    expect(fit!.A).toBeLessThan(0)
    expect(fit!.r2).toBeGreaterThan(0.9)
  })

  it('of a sweep give its ledger and the fits of its summary before their own', async () => {
    const path = join(runs.root, 'sweep')
    mkdirSync(path)
    const rows = [1, 2, 4, 8].map((step) => ({
      ...nullsOf(sweepTable),
      run: `p${step}`,
      point: JSON.stringify({'train.steps': step}),
      step,
      compute_flops: step * 1e12,
      mode: 'reasoning' as const,
      split: 'hard' as const,
      accuracy: 0.5 - 0.3 / step,
      ci_low: 0.1,
      ci_high: 0.5,
      seed: 0,
    }))
    await writeTable(join(path, 'sweep.arrow'), sweepTable, rows)
    const folders = [readRun(path), readRun(runs.rpt)]
    const points = collectScaling(folders)
    expect(points).toHaveLength(4)
    expect(collectFits(folders, points)[0]).toMatchObject({alpha: expect.closeTo(1, 3), alpha_ci: null})
    const fits = [{mode: 'reasoning', split: 'hard', A: -1, alpha: 2, P_star: 0.5, r2: 0.9, alpha_ci: [1, 3]}]
    writeFileSync(join(path, 'summary.json'), JSON.stringify({fits}))
    expect(collectFits([readRun(path)], points)[0]).toMatchObject({alpha: 2, alpha_ci: [1, 3], warnings: []})
    rmSync(path, {recursive: true})
  })
})
