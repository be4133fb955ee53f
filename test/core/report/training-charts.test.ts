import {expect, it} from 'vitest'
import type {RunFolder} from '../../../src/core/report/read-run.js'
import {chartsOf, smallFigures} from '../../../src/core/report/training-charts.js'
import {metricsTable} from '../../../src/core/tables/index.js'

/** A run of two steps whose reward has these terms, each with a mean. */
function runOf(...names: readonly string[]): RunFolder {
  const terms = names.map((name) => ({name, weight: 1}))
  const means = Object.fromEntries(names.map((name, i) => [`rewards/${name}/mean`, i + 0.5]))
  const nulls = Object.fromEntries(Object.keys(metricsTable.columns).map((column) => [column, null]))
  const metrics = [1, 2].map((step) => ({...nulls, step, ...means}))
  return {name: names.join(), settings: JSON.stringify({reward: {terms}}), metrics} as unknown as RunFolder
}

const drawn = (runs: readonly RunFolder[]) => smallFigures.flatMap((figure) => chartsOf(runs, figure))

it('the terms of a reward have a chart each, unless there is one, which is the reward', () => {
  const charts = drawn([runOf('dense'), runOf('prefix-match', 'missing-answer')])
  expect(charts.map(({title}) => title)).toEqual(['mean of prefix-match', 'mean of missing-answer'])
  const [{name, color, steps, values}] = charts[1].curves
  // The colour of a run is that of its place among all.
  expect({name, color, steps, values}).toEqual({
    name: 'prefix-match,missing-answer',
    color: 1,
    steps: [1, 2],
    values: [1.5, 1.5],
  })
  expect(drawn([runOf('dense')])).toEqual([])
})
