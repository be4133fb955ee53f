import {expect, it} from 'vitest'
import {addSpent, computeByStep, computeSpent} from '../../../src/core/runs/compute-spent.js'
import {type MetricsRow, metricsTable, nullsOf} from '../../../src/core/tables/index.js'

const rowOf = (step: number, generation: number | null, scoring: number | null, update: number): MetricsRow => ({
  ...nullsOf(metricsTable),
  step,
  wall_seconds: step,
  'rpt/flops_generation': generation,
  'rpt/flops_scoring': scoring,
  'rpt/flops_update': update,
  num_tokens: 10 * step,
  step_time: 0.5,
})

const history = [rowOf(1, 100, 10, 1), rowOf(2, 200, null, 2)]

it('FLOPs of a run add up by what they are for, and all of them up to each step; an older row lacks some', () => {
  expect(computeSpent(history, 2)).toEqual({
    flops_generation: 300,
    flops_scoring: 10,
    flops_update: 3,
    flops: 313,
    tokens: 20,
    step_seconds: 1,
  })
  expect([...computeByStep(history)]).toEqual([
    [1, 111],
    [2, 313],
  ])
})

it('nobody knows what steps took up to which rows are lost', () => {
  const third = rowOf(3, 0, 0, 3)
  expect(computeSpent([history[1]], 2)).toBeNull()
  expect(computeSpent([], 2)).toBeNull()
  expect(computeSpent(history, 3)).toBeNull()
  expect(computeSpent([history[0], third], 3)).toBeNull()
  expect(computeSpent([history[0], third], 1)?.flops).toBe(111)
  expect([...computeByStep([history[0], third])]).toEqual([[1, 111]])
  expect([...computeByStep([history[1]])]).toEqual([])
})

it('what several runs spent is the sum, and nothing of none', () => {
  const spent = computeSpent(history, 2)!
  expect(addSpent([spent, spent, spent])).toEqual({
    flops_generation: 900,
    flops_scoring: 30,
    flops_update: 9,
    flops: 939,
    tokens: 60,
    step_seconds: 3,
  })
  expect(Object.values(addSpent([]))).toEqual([0, 0, 0, 0, 0, 0])
})
