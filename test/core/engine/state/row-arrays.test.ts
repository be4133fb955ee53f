import {expect, it} from 'vitest'
import {RowArrays} from '../../../../src/core/engine/state/row-arrays.js'

it('gives the same memory for a name as long as it is large enough', () => {
  const arrays = new RowArrays()
  const six = arrays.get('hidden', 6)
  expect(six).toHaveLength(6)
  const four = arrays.get('hidden', 4)
  expect([four.length, four.buffer]).toEqual([4, six.buffer])
  expect(arrays.get('queries', 6).buffer).not.toBe(six.buffer)
  const seven = arrays.get('hidden', 7)
  expect(seven).toHaveLength(7)
  expect(arrays.get('hidden', 6).buffer).toBe(seven.buffer)
})

it('forgets all of it', () => {
  const arrays = new RowArrays()
  const before = arrays.get('hidden', 6)
  arrays.forget()
  expect(arrays.get('hidden', 6).buffer).not.toBe(before.buffer)
})
