import {expect, it} from 'vitest'
import {addTo} from '../../../src/core/util/add-to.js'

it.each([0, 1, 3, 4, 5, 7, 8, 11])('adds %i elements, each once, rounded to float32', (length) => {
  const sum = Float32Array.from({length}, (_, i) => 0.1 * i)
  const addend = Float32Array.from({length}, (_, i) => 1 / (i + 3))
  const expected = Array.from(sum, (value, i) => Math.fround(value + addend[i]))
  addTo(sum, addend)
  expect([...sum]).toEqual(expected)
})
