import {expect, it} from 'vitest'
import type {RunFolder} from '../../../src/core/report/read-run.js'
import {collectFits, collectScaling} from '../../../src/core/report/scaling-figures.js'

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
