import {describe, expect, it} from 'vitest'
import {
  fitPowerLaw,
  type PowerLawFit,
  predictAccuracy,
  type ScalingPoint,
} from '../../../src/core/statistics/power-law.js'
import {weightsOf} from '../../../src/core/statistics/weights.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'

const computes = [10, 20, 40, 80, 120, 160]

function fitted(points: readonly ScalingPoint[]): PowerLawFit {
  const fit = fitPowerLaw(points)
  if (fit.kind !== 'fitted') throw new Error(fit.message)
  return fit
}

/** Constants of a curve that rises or falls between accuracies. */
function randomLaw(sampler: Sampler) {
  const [start, pStar, alpha] = [sampler.next(), sampler.next(), 0.3 + 1.5 * sampler.next()]
  return {A: (start - pStar) * computes[0] ** alpha, alpha, pStar}
}

describe('weights', () => {
  const around = (widths: readonly number[]) => widths.map((width) => ({low: 0.5 - width / 2, high: 0.5 + width / 2}))

  it('are as the inverse square of the widths, 1 at the median', () => {
    const weights = weightsOf(around([0.02, 0.04, 0.08]))
    expect(weights.map((weight) => Number(weight.toFixed(9)))).toEqual([4, 1, 0.25])
    const ofTwo = weightsOf(around([0.03, 0.09]))
    expect(ofTwo.map((weight) => Number(weight.toFixed(9)))).toEqual([4, 0.444444444])
  })

  it('have a floor where an interval has no width', () => {
    expect(weightsOf(around([0, 0.04, 0.04]))[0]).toBeCloseTo(100, 9)
    expect(weightsOf(around([0.001, 0.04, 0.04]))[0]).toBeCloseTo(100, 9)
  })

  it('are equal where most intervals have no width, or any is missing', () => {
    expect(weightsOf(around([0, 0, 0.04]))).toEqual([1, 1, 1])
    expect(weightsOf(around([Number.NaN, 0.01, 0.04]))).toEqual([1, 1, 1])
    expect(weightsOf([])).toEqual([])
  })
})

describe('a weighted fit', () => {
  it('recovers known constants of any curve without noise, whatever the weights', () => {
    const sampler = new Sampler(streamSeed(1, 'laws'))
    for (let round = 0; round < 40; round++) {
      const law = randomLaw(sampler)
      const points = computes.map((compute) => ({
        compute,
        accuracy: predictAccuracy(law, compute),
        weight: 0.01 + 10 * sampler.next(),
      }))
      const fit = fitted(points)
      expect(fit.pStar).toBeCloseTo(law.pStar, 3)
      expect(fit.alpha / law.alpha).toBeCloseTo(1, 2)
    }
  })

  it('keeps P* within 0 and 1 on any points at all, and says so where it had to', () => {
    const sampler = new Sampler(streamSeed(2, 'points'))
    const bounded = {low: 0, high: 0}
    for (let round = 0; round < 60; round++) {
      const points = computes.map((compute) => ({compute, accuracy: sampler.next(), weight: 0.1 + sampler.next()}))
      const {pStar, warnings} = fitted(points)
      expect(pStar).toBeGreaterThanOrEqual(0)
      expect(pStar).toBeLessThanOrEqual(1)
      if (pStar === 0 || pStar === 1) expect(warnings.join()).toMatch(/bounded to (0|100)%/)
      if (warnings.join().includes('bounded to 0%')) bounded.low++
      if (warnings.join().includes('bounded to 100%')) bounded.high++
    }
    expect(Math.min(bounded.low, bounded.high)).toBeGreaterThan(0)
  })

  it('fits no worse within the bounds than a fine search over them', () => {
    const points = computes.map((compute, i) => ({compute, accuracy: 0.9 - 0.15 * i, weight: 1 + (i % 3)}))
    const squares = (A: number, alpha: number, pStar: number) =>
      points.reduce(
        (sum, {compute, accuracy, weight}) => sum + weight * (accuracy - A * (compute / 10) ** -alpha - pStar) ** 2,
        0,
      )
    const fit = fitted(points)
    const own = squares(fit.A / 10 ** fit.alpha, fit.alpha, fit.pStar)
    let best = Number.POSITIVE_INFINITY
    for (let alpha = 0.02; alpha < 2; alpha += 0.02)
      for (let A = 0; A <= 2; A += 0.02)
        for (let pStar = 0; pStar <= 1; pStar += 0.05) best = Math.min(best, squares(A, alpha, pStar))
    expect(own).toBeLessThanOrEqual(best + 1e-12)
    expect(fit.pStar).toBe(0)
  })

  it('counts it so too where P* is at its bound', () => {
    const points = computes.map((compute, i) => ({compute, accuracy: 0.9 - 0.15 * i}))
    const weighted = fitted(points.map((point, i) => ({...point, weight: i === 2 ? 2 : 1})))
    const doubled = fitted([...points, points[2]])
    expect([doubled.pStar, weighted.pStar]).toEqual([0, 0])
    expect(weighted.alpha).toBeCloseTo(doubled.alpha, 5)
    expect(weighted.A).toBeCloseTo(doubled.A, 5)
  })

  it('counts a point of weight 2 as it would two points', () => {
    const accuracies = [0.1, 0.22, 0.31, 0.36, 0.38, 0.42]
    const points = computes.map((compute, i) => ({compute, accuracy: accuracies[i]}))
    const doubled = fitted([...points, points[2]])
    const weighted = fitted(points.map((point, i) => (i === 2 ? {...point, weight: 2} : point)))
    expect(weighted.pStar).toBeCloseTo(doubled.pStar, 6)
    expect(weighted.alpha).toBeCloseTo(doubled.alpha, 5)
    expect(weighted.r2).toBeCloseTo(doubled.r2, 9)
  })

  it('is nearer to the truth than an unweighted one where points are unequally certain', () => {
    const law = {A: -0.4 * 10 ** 0.8, alpha: 0.8, pStar: 0.5}
    const deviations = [0.03, 0.002, 0.002, 0.002, 0.03, 0.002]
    const error = {weighted: 0, equal: 0}
    for (let round = 0; round < 60; round++) {
      const sampler = new Sampler(streamSeed(round, 'unequal'))
      const points = computes.map((compute, i) => ({
        compute,
        accuracy: predictAccuracy(law, compute) + deviations[i] * sampler.normal(),
      }))
      const weights = weightsOf(deviations.map((deviation) => ({low: -1.96 * deviation, high: 1.96 * deviation})))
      error.equal += (fitted(points).pStar - law.pStar) ** 2
      error.weighted += (fitted(points.map((point, i) => ({...point, weight: weights[i]}))).pStar - law.pStar) ** 2
    }
    expect(error.weighted).toBeLessThan(error.equal / 3)
  })
})
