import {expect, it} from 'vitest'
import {joinIds} from '../../../src/core/util/join-ids.js'

it('joins lists and typed arrays in order', () => {
  expect([...joinIds([1], Int32Array.of(2, 3), [])]).toEqual([1, 2, 3])
})

it('joins more ids than a call takes arguments', () => {
  expect(joinIds(new Int32Array(1_000_000), [7])).toHaveLength(1_000_001)
})
