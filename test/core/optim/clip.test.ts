import {expect, it} from 'vitest'
import {clipScale, globalNorm} from '../../../src/core/optim/clip.js'

const gradients = [Float32Array.of(3, 4), Float32Array.of(0, 12)]

it('the norm is that of all gradients together', () => {
  expect(globalNorm(gradients)).toBe(13)
})

it('gradients above the limit come down to it and those within stay as they are', () => {
  expect(clipScale(13, 1) * 13).toBeCloseTo(1, 6)
  expect(clipScale(0.5, 1)).toBe(1)
  expect(clipScale(0, 1)).toBe(1)
})

it('a gradient that is not finite has a norm that is not finite', () => {
  expect(globalNorm([Float32Array.of(1, Number.NaN)])).toBeNaN()
  expect(globalNorm([Float32Array.of(1, Number.POSITIVE_INFINITY)])).toBe(Number.POSITIVE_INFINITY)
})

it('the norm of float32 gradients whose squares overflow float32 is still right', () => {
  expect(globalNorm([Float32Array.of(3e30, 4e30)]) / 5e30).toBeCloseTo(1, 6)
})
