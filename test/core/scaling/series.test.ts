import {describe, expect, it} from 'vitest'
import {bootstrapFit} from '../../../src/core/scaling/bootstrap-fit.js'
import {fitRow, seriesName} from '../../../src/core/scaling/series.js'

describe('seriesName', () => {
  it('keeps steps and seeds on one curve and sets other axes apart, in a fixed order', () => {
    expect(seriesName('reasoning', '{"train.steps":100,"seed":2}')).toBe('reasoning')
    expect(seriesName('standard', '{"train.objective":"ntp","a":1,"seed":2}')).toBe(
      'standard, a=1, train.objective=ntp',
    )
  })
})

describe('fitRow', () => {
  it('says why there is no fit, with nulls that survive JSON', () => {
    const row = fitRow({series: 'reasoning', mode: 'reasoning', split: 'hard'}, bootstrapFit([]))
    expect(row).toMatchObject({
      A: null,
      P_star: null,
      A_ci: null,
      point_count: 0,
      warnings: [expect.stringMatching(/needs 4/)],
    })
    expect(JSON.parse(JSON.stringify(row))).toEqual(row)
  })
})
