import {describe, expect, it} from 'vitest'
import {bootstrapFit, type ScalingCurve} from '../../../src/core/statistics/bootstrap-fit.js'
import {predictAccuracy} from '../../../src/core/statistics/power-law.js'
import {fitRow} from '../../../src/core/statistics/series.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'

const truth = {A: -2.4, alpha: 0.9, pStar: 0.5}
const computes = [10, 20, 40, 80, 120, 160, 200]

/** Graded documents whose own difficulty shifts their whole curve, as it does on a real held-out set. */
function simulate(seed: number, documents = 200, positions = 20): ScalingCurve {
  const sampler = new Sampler(streamSeed(seed, 'simulate'))
  const shifts = Array.from({length: documents}, () => 0.1 * (2 * sampler.next() - 1))
  return {
    seed,
    checkpoints: computes.map((compute) => ({
      compute,
      documents: shifts.map((shift, index) => {
        const chance = predictAccuracy(truth, compute) + shift
        let correct = 0
        for (let i = 0; i < positions; i++) if (sampler.next() < chance) correct++
        return {docId: `d:${index}`, correct, count: positions}
      }),
    })),
  }
}

describe('bootstrapFit', () => {
  it('gives intervals that cover the true constants about as often as they say', () => {
    const trials = 80
    const covered = {alpha: 0, pStar: 0}
    for (let trial = 0; trial < trials; trial++) {
      const {intervals} = bootstrapFit([simulate(trial)], {bootstraps: 100, seed: trial})
      for (const name of ['alpha', 'pStar'] as const) {
        if (intervals![name].low <= truth[name] && truth[name] <= intervals![name].high) covered[name]++
      }
    }
    for (const hits of Object.values(covered)) {
      expect(hits / trials).toBeGreaterThan(0.87)
      expect(hits / trials).toBeLessThan(1)
    }
  })

  it('encloses its own estimate and repeats exactly, whatever the order of documents and checkpoints', () => {
    const curve = simulate(1)
    const shuffled = {
      ...curve,
      checkpoints: [...curve.checkpoints]
        .reverse()
        .map((checkpoint) => ({...checkpoint, documents: [...checkpoint.documents].reverse()})),
    }
    const a = bootstrapFit([curve], {bootstraps: 50, seed: 3})
    expect(bootstrapFit([shuffled], {bootstraps: 50, seed: 3})).toEqual(a)
    if (a.fit.kind !== 'fitted') throw new Error(a.fit.message)
    expect(a.intervals!.alpha.low).toBeLessThan(a.fit.alpha)
    expect(a.intervals!.alpha.high).toBeGreaterThan(a.fit.alpha)
    expect(a.fittedResamples).toBe(50)
  })

  it('does not depend on the order of the runs, nor on how the scores of a document are listed', () => {
    const curves = [simulate(1, 20), simulate(2, 20)]
    const options = {bootstraps: 10, resampleSeeds: true}
    const found = bootstrapFit(curves, options)
    expect(bootstrapFit(curves.toReversed(), options)).toEqual(found)
    const halves = curves.map((one) => ({
      ...one,
      checkpoints: one.checkpoints.map((checkpoint) => ({
        ...checkpoint,
        documents: checkpoint.documents.flatMap(({docId, correct, count}) => [
          {docId, correct: 1, count: 1},
          {docId, correct: correct - 1, count: count - 1},
        ]),
      })),
    }))
    expect(bootstrapFit(halves, options)).toEqual(found)
  })

  it('draws whole runs: of one run always the same', () => {
    const curve = simulate(3, 20)
    const one = bootstrapFit([curve], {bootstraps: 10})
    expect(bootstrapFit([curve], {bootstraps: 10, resampleSeeds: true})).toEqual(one)
  })

  it('draws whole runs, however many checkpoints each has', () => {
    const [few, many] = [simulate(1, 20), simulate(2, 20)]
    const runs = [
      {seed: 1, checkpoints: few.checkpoints.slice(0, 4)},
      {seed: 2, checkpoints: [0, 1, 2, 3, 3, 3, 3, 3].map((i) => many.checkpoints[i])},
    ]
    const {resamples, fittedResamples} = bootstrapFit(runs, {bootstraps: 20, resampleSeeds: true})
    expect([resamples, fittedResamples]).toEqual([20, 20])
  })

  it('draws the checkpoints of a run together: those of one that has one compute alone cannot be fitted', () => {
    const [curve, other] = [simulate(1, 20), simulate(2, 20)]
    const runs = [
      {seed: 1, checkpoints: curve.checkpoints.slice(0, 4)},
      {seed: 2, checkpoints: other.checkpoints.slice(0, 4).map((one) => ({...one, compute: 7}))},
    ]
    const {fittedResamples} = bootstrapFit(runs, {bootstraps: 100, resampleSeeds: true})
    // A quarter of the resamples draw that run twice: of 100, 25 on average, with a deviation of 4.
    expect(Math.abs(fittedResamples - 75)).toBeLessThan(20)
  })

  it('keeps the weights in each resample: an uncertain checkpoint hardly moves the curve', () => {
    const certain = computes.map((compute) => ({compute, right: predictAccuracy(truth, compute)}))
    const checkpoints = certain.map(({compute, right}, at) => ({
      compute,
      documents: Array.from({length: 40}, (_, i) => {
        const spread = at === 3 ? 0.4 : 0.001
        return {docId: `d:${i}`, correct: 100 * (right + (i % 2 === 0 ? spread : -spread)), count: 100}
      }),
    }))
    const {fit, intervals} = bootstrapFit([{seed: 0, checkpoints}], {bootstraps: 60})
    expect(fit).toMatchObject({pStar: expect.closeTo(0.5, 3)})
    expect(intervals!.pStar.high - intervals!.pStar.low).toBeLessThan(0.02)
  })

  it('narrows with more documents', () => {
    const width = (documents: number) => {
      const {intervals} = bootstrapFit([simulate(5, documents)], {bootstraps: 100})
      return intervals!.pStar.high - intervals!.pStar.low
    }
    expect(width(400)).toBeLessThan(width(50))
  })

  it('fits all seeds together, and widens where the seeds are resampled too', () => {
    const curves = [0.05, -0.05, 0, 0.08, -0.08].map((offset, seed) => {
      const curve = simulate(seed)
      const shift = (d: {docId: string; correct: number; count: number}) => ({
        ...d,
        correct: d.correct + offset * d.count,
      })
      return {...curve, checkpoints: curve.checkpoints.map((c) => ({...c, documents: c.documents.map(shift)}))}
    })
    const fixed = bootstrapFit(curves, {bootstraps: 100})
    const resampled = bootstrapFit(curves, {bootstraps: 100, resampleSeeds: true})
    if (fixed.fit.kind !== 'fitted') throw new Error(fixed.fit.message)
    expect(fixed.fit.points).toHaveLength(35)
    const width = ({intervals}: typeof fixed) => intervals!.pStar.high - intervals!.pStar.low
    expect(width(resampled)).toBeGreaterThan(1.5 * width(fixed))
  })

  it('counts the resamples that could not be fitted, and takes the intervals of the others', () => {
    // One document alone sets the checkpoints apart; a resample without it has no variation.
    const documents = (right: number) =>
      Array.from({length: 4}, (_, i) => ({docId: `d:${i}`, correct: i === 0 ? right : 5, count: 10}))
    const checkpoints = computes.map((compute, i) => ({compute, documents: documents(i + 1)}))
    const ofOne = Array.from({length: 30}, (_, seed) => bootstrapFit([{seed: 0, checkpoints}], {bootstraps: 1, seed}))
    const unfitted = ofOne.filter(({fittedResamples}) => fittedResamples === 0)
    expect(unfitted.length).toBeGreaterThan(0)
    for (const {intervals} of unfitted) expect(intervals).toBeNull()
    const found = bootstrapFit([{seed: 0, checkpoints}], {bootstraps: 200})
    expect(found.resamples).toBe(200)
    expect(found.fittedResamples / 200).toBeGreaterThan(0.55)
    expect(found.fittedResamples / 200).toBeLessThan(0.8)
    const row = fitRow({series: 'a', mode: 'reasoning', split: 'all'}, found)
    const lost = 200 - found.fittedResamples
    expect(row).toMatchObject({resamples: 200, resamples_fitted: found.fittedResamples})
    expect(row.warnings.at(-1)).toBe(`${lost} of 200 resamples could not be fitted: the intervals are of the others`)
  })

  it('leaves over of each point what the curve does not say of its accuracy', () => {
    const found = bootstrapFit([simulate(3)], {bootstraps: 20})
    const {A, alpha, P_star, residuals} = fitRow({series: 'a', mode: 'reasoning', split: 'all'}, found)
    expect(residuals!.map(({compute_flops}) => compute_flops)).toEqual(computes)
    for (const {compute_flops, accuracy, residual} of residuals!)
      expect(residual).toBeCloseTo(accuracy - (A! / compute_flops ** alpha! + P_star!), 9)
    expect(residuals!.some(({residual}) => Math.abs(residual) > 1e-4)).toBe(true)
  })

  it('has no intervals with one document', () => {
    const curve = simulate(1, 1)
    const found = bootstrapFit([curve], {bootstraps: 20})
    expect(found).toMatchObject({fit: {kind: 'fitted'}, intervals: null, resamples: 0})
    expect(fitRow({series: 'a', mode: 'reasoning', split: 'all'}, found)).toMatchObject({
      P_star_ci: null,
      resamples: null,
    })
  })

  it('lets a certain checkpoint count for more than an uncertain one', () => {
    const {fit} = bootstrapFit([simulate(2)], {bootstraps: 100})
    const weights = fit.points.map(({weight}) => weight!)
    expect(Math.max(...weights) / Math.min(...weights)).toBeGreaterThan(1.1)
  })

  it('passes on why there is no fit', () => {
    const curve = simulate(1)
    const short = {...curve, checkpoints: curve.checkpoints.slice(0, 3)}
    expect(bootstrapFit([short])).toMatchObject({fit: {kind: 'too-few-points'}, intervals: null, fittedResamples: 0})
  })
})
