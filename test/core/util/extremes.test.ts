import {expect, it} from 'vitest'
import {maxOf, minOf} from '../../../src/core/util/extremes.js'

it('finds the largest and smallest of more values than a call takes', () => {
  const values = Float64Array.from({length: 300_000}, (_, i) => (i * 7919) % 300_007)
  expect([minOf(values), maxOf(values)]).toEqual([0, 300_006])
  expect(() => Math.max(...values)).toThrow(RangeError)
})

it.each([[[]], [[-0, 0]], [[3]], [[Number.NaN, 1]], [[1, Number.NaN]], [[-1, Number.NEGATIVE_INFINITY]]])(
  'agrees with Math.max and Math.min on %j',
  (values) => {
    expect([minOf(values), maxOf(values)]).toEqual([Math.min(...values), Math.max(...values)])
  },
)
