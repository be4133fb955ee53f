import {expect, it} from 'vitest'
import {ModelState} from '../../../../src/core/engine/state/model-state.js'
import {rotaryTables} from '../../../../src/core/nn/rotary.js'
import {engineModel} from '../../../support/tiny-engine.js'

it('rotary tables of every length are rows of one, that of the most positions', () => {
  const state = new ModelState(engineModel)
  const {headSize, ropeTheta} = engineModel
  const lengths = [8, 32, 16, 32, 1]
  for (const length of lengths) {
    const {cos, sin} = state.rotaryTables(length)
    const expected = rotaryTables(length, headSize, ropeTheta)
    expect(cos).toEqual(Float32Array.from(expected.cos))
    expect(sin).toEqual(Float32Array.from(expected.sin))
  }
  const buffers = lengths.flatMap((length) => Object.values(state.rotaryTables(length)).map(({buffer}) => buffer))
  expect(new Set(buffers).size).toBe(2)
  expect(buffers[0].byteLength).toBe(4 * 32 * headSize)
})

it("sums the gradients of micro-batches in the first one's arrays, and leaves those of the others empty", () => {
  const state = new ModelState(engineModel)
  const gradientsOf = (value: number) =>
    Object.fromEntries(
      state.trained.map(({name}) => [
        `gradient/${name}`,
        new Float32Array(state.weights.get(name)!.length).fill(value),
      ]),
    )
  const [first, second] = [gradientsOf(2), gradientsOf(3)]
  state.accumulate(first)
  state.accumulate(second)
  for (const gradient of Object.values(first)) expect(gradient.every((value) => value === 5)).toBe(true)
  expect(Object.values(second).map(({length}) => length)).toEqual(state.trained.map(() => 0))
})
