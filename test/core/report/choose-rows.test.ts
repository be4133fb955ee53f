import {describe, expect, it} from 'vitest'
import {highestRows, spread} from '../../../src/core/report/choose-rows.js'

describe('the rows of the highest values', () => {
  const rows = ['b1', 'a3', 'c1', 'd3', 'e2', 'f1']
  const highest = (count: number) => highestRows(rows, (row) => Number(row[1]), count)

  it('are the highest first, and of equal ones those that come first', () => {
    expect(highest(6)).toEqual(['a3', 'd3', 'e2', 'b1', 'c1', 'f1'])
    expect(highest(4)).toEqual(['a3', 'd3', 'e2', 'b1'])
    expect(highest(1)).toEqual(['a3'])
  })
})

it('rows that are spread evenly begin with the first and end with the last', () => {
  expect(spread(10, 4)).toEqual([0, 3, 6, 9])
  expect(spread(3, 10)).toEqual([0, 1, 2])
  expect([spread(5, 1), spread(0, 3)]).toEqual([[0], []])
  const steps = spread(10_000, 1500)
  expect([steps.length, new Set(steps).size, steps[0], steps.at(-1)]).toEqual([1500, 1500, 0, 9999])
})
