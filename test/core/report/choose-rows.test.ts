import {describe, expect, it} from 'vitest'
import {highestRows} from '../../../src/core/report/choose-rows.js'

describe('the rows of the highest values', () => {
  const rows = ['b1', 'a3', 'c1', 'd3', 'e2', 'f1']
  const highest = (count: number) => highestRows(rows, (row) => Number(row[1]), count)

  it('are the highest first, and of equal ones those that come first', () => {
    expect(highest(6)).toEqual(['a3', 'd3', 'e2', 'b1', 'c1', 'f1'])
    expect(highest(4)).toEqual(['a3', 'd3', 'e2', 'b1'])
    expect(highest(1)).toEqual(['a3'])
  })
})
