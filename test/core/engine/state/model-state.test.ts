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
