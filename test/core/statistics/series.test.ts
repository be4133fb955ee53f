import {describe, expect, it} from 'vitest'
import {bootstrapFit} from '../../../src/core/statistics/bootstrap-fit.js'
import {fitRow, seriesName} from '../../../src/core/statistics/series.js'

describe('seriesName', () => {
  it('keeps steps and seeds on one curve and sets other axes apart, in a fixed order', () => {
    expect(seriesName('reasoning', '{"train.steps":100,"seed":2,"step":50}')).toBe('reasoning')
    expect(seriesName('standard', '{"train.objective":"ntp","a":1,"seed":2}')).toBe(
      'standard, a=1, train.objective=ntp',
    )
  })

  it('cuts long values, on one line, so that different ones have different names', () => {
    const named = (template: string) => seriesName('reasoning', JSON.stringify({'prompt.template': template}))
    const text = 'Read the text.\n\n{context}\n\nThink about what follows.'
    expect(named('v0')).toBe('reasoning, prompt.template=v0')
    expect(named(text)).toMatch(/^reasoning, prompt\.template=Read the text\. \{contex…ut what follows\. #[0-9a-f]{6}$/)
    expect(named(`${text} `)).not.toBe(named(text))
    expect(named('a\nb')).not.toBe(named('a b'))
    expect(named('x'.repeat(1000)).length).toBeLessThan(90)
  })
})

describe('fitRow', () => {
  it('has each interval under its name, low end first, and the warnings of the fit', () => {
    const fit = {
      kind: 'fitted',
      A: -1,
      alpha: 2,
      pStar: 0.5,
      r2: 0.9,
      residuals: [],
      points: [],
      warnings: ['beware'],
    } as const
    const between = (low: number) => ({low, high: low + 1})
    const intervals = {A: between(1), alpha: between(3), pStar: between(5), r2: between(7)}
    const named = {series: 'a', mode: 'b', split: 'c'}
    const {warnings} = fitRow(named, {fit, intervals, resamples: 100, fittedResamples: 99})
    expect(warnings).toEqual(['beware', '1 of 100 resamples could not be fitted: the intervals are of the others'])
    expect(fitRow(named, {fit, intervals})).toMatchObject({
      ...{A: -1, alpha: 2, P_star: 0.5, r2: 0.9},
      ...{A_ci: [1, 2], alpha_ci: [3, 4], P_star_ci: [5, 6], r2_ci: [7, 8]},
      warnings: ['beware'],
    })
  })

  it('says why there is no fit, with nulls that survive JSON', () => {
    const row = fitRow({series: 'reasoning', mode: 'reasoning', split: 'hard'}, bootstrapFit([]))
    expect(row).toMatchObject({
      A: null,
      P_star: null,
      residuals: null,
      A_ci: null,
      point_count: 0,
      resamples: null,
      resamples_fitted: null,
      warnings: [expect.stringMatching(/needs 4/)],
    })
    expect(JSON.parse(JSON.stringify(row))).toEqual(row)
  })
})
