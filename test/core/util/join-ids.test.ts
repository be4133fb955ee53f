import {expect, it} from 'vitest'
import {isSameIds, joinIds} from '../../../src/core/util/join-ids.js'

it('joins lists and typed arrays in order', () => {
  expect([...joinIds([1], Int32Array.of(2, 3), [])]).toEqual([1, 2, 3])
})

it('joins more ids than a call takes arguments', () => {
  expect(joinIds(new Int32Array(1_000_000), [7])).toHaveLength(1_000_001)
})

it('ids are the same where all of them are, wherever they lie', () => {
  const ids = Int32Array.of(7, 1, 2, 3)
  expect(isSameIds(ids.subarray(1), Int32Array.of(1, 2, 3))).toBe(true)
  expect(isSameIds(ids.subarray(1), Int32Array.of(1, 2, 4))).toBe(false)
  expect(isSameIds(ids.subarray(1), Int32Array.of(1, 2))).toBe(false)
})
