import {describe, expect, it} from 'vitest'
import {fitPowerLaw, type PowerLawFit, predictAccuracy} from '../../../src/core/statistics/power-law.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'

/** The paper's checkpoints (100 to 1200 steps) at its compute: about 2e20 to 1e21. */
const paperSteps = [100, 200, 400, 800, 1000, 1200]
const flopsPerStep = 8e17

function curve(truth: {A: number; alpha: number; pStar: number}, computes: readonly number[], noise = 0, seed = 0) {
  const sampler = new Sampler(streamSeed(seed, 'noise'))
  return computes.map((compute) => ({compute, accuracy: predictAccuracy(truth, compute) + noise * sampler.normal()}))
}

function fitted(points: Parameters<typeof fitPowerLaw>[0]): PowerLawFit {
  const fit = fitPowerLaw(points)
  if (fit.kind !== 'fitted') throw new Error(fit.message)
  return fit
}

const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0)
const computes = paperSteps.map((step) => step * flopsPerStep)
/** Accuracy rises from 30% at the first checkpoint towards 50%. */
const rising = (alpha: number) => ({A: -0.2 * computes[0] ** alpha, alpha, pStar: 0.5})

describe('fitPowerLaw', () => {
  it.each([0.1, 0.5, 1, 2])('recovers exact constants at alpha %d with compute near 1e21', (alpha) => {
    const truth = rising(alpha)
    const fit = fitted(curve(truth, computes))
    expect(fit.alpha / alpha).toBeCloseTo(1, 4)
    expect(fit.pStar).toBeCloseTo(truth.pStar, 5)
    expect(fit.A / truth.A).toBeCloseTo(1, 2)
    expect(fit.r2).toBeGreaterThan(1 - 1e-9)
    expect(fit.warnings).toEqual([])
  })

  it('recovers constants of a falling curve: A is free in sign', () => {
    const fit = fitted(curve({A: 3, alpha: 0.7, pStar: 0.1}, [10, 20, 40, 80, 160]))
    expect(fit).toMatchObject({A: expect.closeTo(3, 3), alpha: expect.closeTo(0.7, 4), pStar: expect.closeTo(0.1, 4)})
  })

  it('recovers constants from noisy curves on average', () => {
    const truth = rising(0.8)
    const fits = Array.from({length: 60}, (_, seed) => fitted(curve(truth, computes, 0.002, seed)))
    const mean = (name: 'alpha' | 'pStar') => fits.reduce((sum, fit) => sum + fit[name], 0) / fits.length
    expect(mean('alpha')).toBeCloseTo(0.8, 1)
    expect(mean('pStar')).toBeCloseTo(0.5, 1.5)
    for (const fit of fits) expect(fit.r2).toBeGreaterThan(0.98)
  })

  it('fits no worse than constants found by a fine brute-force search', () => {
    const points = curve(rising(0.6), computes, 0.01, 3)
    const fit = fitted(points)
    const squares = (A: number, alpha: number, pStar: number) =>
      points.reduce(
        (sum, {compute, accuracy}) => sum + (accuracy - A * (compute / computes[0]) ** -alpha - pStar) ** 2,
        0,
      )
    let best = Number.POSITIVE_INFINITY
    for (let alpha = 0.02; alpha < 4; alpha += 0.02)
      for (let A = -1; A <= 0; A += 0.01)
        for (let pStar = 0.2; pStar <= 1; pStar += 0.01) best = Math.min(best, squares(A, alpha, pStar))
    const own = fit.residuals.reduce((sum, residual) => sum + residual ** 2, 0)
    expect(own).toBeLessThanOrEqual(best)
    expect(own).toBeGreaterThan(best * 0.8)
  })

  it('bounds P* to 100% with a warning only where the free fit exceeds it', () => {
    const straight = [10, 20, 40, 80, 160].map((compute) => ({compute, accuracy: 0.1 + 0.1 * Math.log2(compute / 10)}))
    const fit = fitted(straight)
    expect(fit.pStar).toBe(1)
    expect(fit.warnings.join()).toMatch(/bounded to 100%/)
    expect(fit.r2).toBeGreaterThan(0.97)
    const plateau = [0.18, 0.354, 0.43, 0.472, 0.449, 0.442, 0.438]
    const steps = [10, 20, 40, 80, 120, 160, 200]
    const flat = fitted(steps.map((step, i) => ({compute: step * 1.26e10, accuracy: plateau[i]})))
    expect(flat.pStar).toBeLessThan(0.472)
    expect(flat.warnings).toEqual([])
  })

  it('has the best other constants where P* is bounded', () => {
    const points = [10, 20, 40, 80, 160].map((compute, i) => ({compute, accuracy: 0.1 + 0.1 * i}))
    const {alpha, pStar, residuals} = fitted(points)
    const squaresAt = (otherAlpha: number) => {
      const basis = points.map(({compute}) => compute ** -otherAlpha)
      const slope = sum(points.map(({accuracy}, i) => basis[i] * (accuracy - pStar))) / sum(basis.map((x) => x * x))
      return sum(points.map(({accuracy}, i) => (accuracy - slope * basis[i] - pStar) ** 2))
    }
    const own = sum(residuals.map((residual) => residual ** 2))
    expect(own).toBeCloseTo(squaresAt(alpha), 9)
    for (const factor of [0.95, 1.05]) expect(own).toBeLessThan(squaresAt(factor * alpha))
  })

  it('takes a point of weight 2 for two points', () => {
    const points = curve(rising(0.5), computes, 0.02, 1)
    const weighted = fitted(points.map((point, i) => ({...point, weight: i === 2 ? 2 : 1})))
    const twice = fitted([...points, points[2]])
    for (const name of ['alpha', 'pStar', 'r2'] as const) expect(weighted[name]).toBeCloseTo(twice[name], 5)
  })

  it('bounds P* where the free fit is only a little above 100%', () => {
    const measured = [5.6, 19.6, 30, 37.6, 41.2, 47.2, 50.8]
    const fit = fitted([10, 20, 40, 80, 120, 160, 200].map((step, i) => ({compute: step, accuracy: measured[i] / 100})))
    expect(fit.pStar).toBe(1)
    expect(fit.warnings).toEqual([expect.stringMatching(/P\* at 10\d\.\d%.*bounded to 100%/)])
  })

  it('reproduces an independent fit of a measured curve', () => {
    const measured = [18.3, 35.4, 43.0, 47.2, 44.9, 44.2, 43.8]
    const fit = fitted([10, 20, 40, 80, 120, 160, 200].map((step, i) => ({compute: step, accuracy: measured[i] / 100})))
    expect(fit.r2).toBeCloseTo(0.981, 2)
    expect(fit.alpha).toBeCloseTo(1.59, 1)
    expect(fit.pStar).toBeCloseTo(0.455, 2)
  })

  it('does not depend on the unit of compute or the order of the points', () => {
    const points = curve(rising(0.5), computes, 0.005, 1)
    const scaled = [...points].reverse().map(({compute, accuracy}) => ({compute: compute / 1e18, accuracy}))
    const [a, b] = [fitted(points), fitted(scaled)]
    expect(b.alpha).toBeCloseTo(a.alpha, 6)
    expect(b.pStar).toBeCloseTo(a.pStar, 6)
    expect(b.r2).toBeCloseTo(a.r2, 9)
    expect(predictAccuracy(b, 1000)).toBeCloseTo(predictAccuracy(a, 1e21), 6)
  })

  it('leaves out points without compute or accuracy, and says so', () => {
    const points = curve(rising(0.5), computes)
    const others = [Number.NaN, 0.4].map((accuracy) => ({compute: Number.POSITIVE_INFINITY, accuracy}))
    const fit = fitted([...points, ...others, {compute: 1e20, accuracy: Number.NaN}])
    expect(fit.points).toEqual(points)
    expect(fit.warnings).toEqual([expect.stringMatching(/^3 of 9 points left out/)])
  })

  it('keeps alpha within 0.01 and 10, and says where it is at a limit', () => {
    const of = (accuracies: readonly number[]) =>
      fitted(accuracies.map((accuracy, i) => ({compute: 10 * 2 ** i, accuracy})))
    const plateau = of([0.1, 0.5, 0.5, 0.5, 0.5])
    expect(plateau.alpha).toBeCloseTo(10, 9)
    expect(plateau.warnings).toEqual(['alpha is at its upper limit 10: one step and then a plateau'])
    const growing = of([0.1, 0.1, 0.101, 0.102, 0.104])
    expect(growing.alpha).toBeCloseTo(0.01, 9)
    expect(growing.warnings).toContain('alpha is at its lower limit 0.01: accuracy still grows like log C')
  })

  it('refuses fewer than four checkpoints with compute, and a flat curve', () => {
    const three = curve(rising(0.5), computes.slice(0, 3))
    expect(fitPowerLaw(three)).toMatchObject({
      kind: 'too-few-points',
      message: expect.stringMatching(/needs 4 .* found 3/),
    })
    const withBase = fitPowerLaw([...three, {compute: 0, accuracy: 0.1}])
    expect(withBase).toMatchObject({
      kind: 'too-few-points',
      warnings: [expect.stringMatching(/1 of 4 points left out/)],
    })
    expect(fitPowerLaw([...three, three[0]])).toMatchObject({kind: 'too-few-points'})
    expect(fitPowerLaw(computes.map((compute) => ({compute, accuracy: 0.3})))).toMatchObject({kind: 'no-variation'})
  })
})
