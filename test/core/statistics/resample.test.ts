import {describe, expect, it} from 'vitest'
import {drawRows, percentileInterval, quantile, resampleSums} from '../../../src/core/statistics/resample.js'
import {streamSeed} from '../../../src/core/util/rng.js'

const stream = streamSeed(7, 'bootstrap', 'documents')

function drawn(rows: number, resample: number, of = stream): number[] {
  const indices = new Int32Array(rows).fill(-1)
  drawRows(indices, resample, of)
  return [...indices]
}

describe('drawn rows', () => {
  it('are a function of stream and resample alone, the same in every version', () => {
    expect(drawn(6, 0)).toEqual([0, 1, 1, 4, 0, 2])
    expect(drawn(6, 1)).toEqual([3, 2, 0, 5, 1, 1])
    expect(drawn(6, 0, streamSeed(8, 'bootstrap', 'documents'))).not.toEqual(drawn(6, 0))
    const [key0, key1, high0, high1] = stream
    expect(drawn(40, 0, [key0, key1, high0, high1 + 1])).not.toEqual(drawn(40, 0))
  })

  it('are all filled, and every row is as probable', () => {
    const counts = new Int32Array(7)
    for (let resample = 0; resample < 2000; resample++) for (const row of drawn(7, resample)) counts[row]++
    // 14,000 draws: a count has mean 2000 and deviation 41.
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200)
  })
})

it('columns are summed over the same rows', () => {
  const columns = [Float64Array.of(1, 10, 100), Float64Array.of(2, 20, 200)]
  const [sums, doubled] = resampleSums(columns, {bootstraps: 5, stream})
  for (let resample = 0; resample < 5; resample++) {
    expect(sums[resample]).toBe(drawn(3, resample).reduce((sum, row) => sum + columns[0][row], 0))
    expect(doubled[resample]).toBe(2 * sums[resample])
  }
})

it('a quantile lies between the two values beside it, as NumPy has it', () => {
  const values = Float64Array.of(1, 2, 4, 8)
  expect([0, 1 / 3, 0.5, 0.75, 1].map((q) => quantile(values, q))).toEqual([1, 2, 3, 5, 8])
  expect(quantile(new Float64Array(), 0.5)).toBeNaN()
})

it('a percentile interval is the central 95%, without values that are none', () => {
  const values = Array.from({length: 1001}, (_, i) => 1000 - i)
  expect(percentileInterval(values)).toEqual({low: 25, high: 975})
  expect(percentileInterval([Number.NaN, ...values, Number.NaN])).toEqual({low: 25, high: 975})
  expect(percentileInterval([])).toEqual({low: Number.NaN, high: Number.NaN})
})
