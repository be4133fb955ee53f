import {describe, expect, it} from 'vitest'
import {type AdamWSettings, adamWStep} from '../../../src/core/optim/adamw.js'

const settings: AdamWSettings = {learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1}
const gradients = [
  [0.1, -0.2, 0.3],
  [-0.4, 0.05, 0.3],
  [0, 1.5, -0.7],
]
/** torch.optim.AdamW of PyTorch 2 in float64, same start, gradients and settings, after each step. */
const fromTorch = [
  [0.4895000009999999, -1.2387500005, 1.9880000003333334],
  [0.49459440478837446, -1.2328071649449015, 1.9760120006663333],
  [0.4984260059042086, -1.2373841624006894, 1.9754917639817748],
]

function stepsFrom(weight: Float32Array, scale = 1): number[][] {
  const moments = {first: new Float32Array(weight.length), second: new Float32Array(weight.length)}
  return gradients.map((gradient, i) => {
    adamWStep(
      weight,
      Float32Array.from(gradient, (g) => g / scale),
      moments,
      settings,
      i + 1,
      scale,
    )
    return [...weight]
  })
}

describe('AdamW', () => {
  it('takes the steps that PyTorch takes', () => {
    const after = stepsFrom(Float32Array.of(0.5, -1.25, 2))
    after.forEach((weight, step) => {
      weight.forEach((value, i) => {
        expect(value).toBeCloseTo(fromTorch[step][i], 6)
      })
    })
  })

  it('scales the gradient before the moments see it', () => {
    const [plain, scaled] = [1, 0.25].map((scale) => stepsFrom(Float32Array.of(0.5, -1.25, 2), scale))
    scaled.flat().forEach((value, i) => {
      expect(value).toBeCloseTo(plain.flat()[i], 6)
    })
  })

  it('decays a weight without gradient by learning rate times decay alone', () => {
    const weight = Float32Array.of(2)
    adamWStep(weight, Float32Array.of(0), {first: new Float32Array(1), second: new Float32Array(1)}, settings, 1)
    expect(weight[0]).toBeCloseTo(2 * (1 - 0.001), 6)
  })
})
