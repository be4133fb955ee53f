import {describe, expect, it} from 'vitest'
import {
  causalPairs,
  forwardFlops,
  layerMatrixParameters,
  type ModelShape,
  rolloutFlops,
  updateFlops,
} from '../../../src/core/models/flops.js'

const tiny: ModelShape = {
  parameterCount: 444_928,
  layers: 2,
  heads: 4,
  kvHeads: 4,
  headSize: 32,
  hidden: 128,
  intermediate: 320,
  vocabulary: 527,
}
const qwen14: ModelShape = {
  parameterCount: 14_770_033_664,
  layers: 48,
  heads: 40,
  kvHeads: 8,
  headSize: 128,
  hidden: 5120,
  intermediate: 13_824,
  vocabulary: 152_064,
}

describe('FLOPs', () => {
  it('counts each matrix once', () => {
    expect(layerMatrixParameters(tiny)).toBe(2 * (4 * 128 * 128 + 3 * 128 * 320))
    expect(() => layerMatrixParameters({...tiny, parameterCount: 1000})).toThrow(/more than parameterCount 1000/)
  })

  it('equals a token-by-token account of one causal pass', () => {
    let expected = 0
    for (let t = 0; t < 7; t++) {
      const projections = 4 * 128 * 128 + 3 * 128 * 320
      const attention = 2 * 4 * 32 * (t + 1) * 2
      expected += 2 * (2 * projections + attention) + 2 * 128 * 527
    }
    expect(forwardFlops(tiny, {tokens: 7, attendedPairs: causalPairs(0, 7)})).toBe(expected)
  })

  it('is close to 2N per generated token and 6N per trained token at the size of the paper', () => {
    const n = qwen14.parameterCount - qwen14.hidden * qwen14.vocabulary
    const group = [{promptTokens: 1, completionTokens: Array(8).fill(800)}]
    expect(rolloutFlops(qwen14, group) / (2 * n * 6400)).toBeCloseTo(1, 1)
    expect(updateFlops(qwen14, group) / (6 * n * 6400)).toBeCloseTo(1, 1)
    expect(updateFlops(qwen14, [{promptTokens: 1, completionTokens: [1000]}]) / (6 * n * 1000)).toBeCloseTo(1, 1)
  })

  it('charges the prompt once per group', () => {
    const one = rolloutFlops(tiny, [{promptTokens: 50, completionTokens: [12]}])
    const two = rolloutFlops(tiny, [{promptTokens: 50, completionTokens: [12, 12]}])
    const prompt = forwardFlops(tiny, {tokens: 50, attendedPairs: causalPairs(0, 50), logitTokens: 0})
    expect(2 * one - two).toBe(prompt)
  })

  it('charges an update three forward passes, and nothing for a group without live completions', () => {
    const live = {promptTokens: 50, completionTokens: [12, 20]}
    const dead = {promptTokens: 50, completionTokens: []}
    expect(updateFlops(tiny, [live, dead])).toBe(3 * rolloutFlops(tiny, [live]))
  })

  it('charges adapters as weights, and frozen weights no gradient of their own', () => {
    const adapted = {...tiny, adapterCount: 5000}
    const work = {tokens: 7, attendedPairs: causalPairs(0, 7)}
    const products = 2 * 7 * (layerMatrixParameters(tiny) + 128 * 527)
    expect(forwardFlops(adapted, work)).toBe(forwardFlops(tiny, work) + 2 * 5000 * 7)
    const row = {promptTokens: 1, completionTokens: [7]}
    expect(updateFlops(adapted, [row])).toBe(3 * forwardFlops(adapted, work) - products)
    const group = {promptTokens: 5, completionTokens: [3]}
    const update = 2 * (7 * layerMatrixParameters(tiny) + 3 * 128 * 527)
    expect(updateFlops(adapted, [group])).toBe(3 * rolloutFlops(adapted, [group]) - update)
  })

  it('charges no logits for tokens of a row that are only read', () => {
    const trained = updateFlops(tiny, [{promptTokens: 40, completionTokens: [20]}])
    const row = updateFlops(tiny, [{promptTokens: 1, completionTokens: [59]}])
    expect(row - trained).toBe(3 * 2 * 128 * 527 * 39)
  })
})
