import {describe, expect, it} from 'vitest'
import {bootstrapFit} from '../../../src/core/statistics/bootstrap-fit.js'
import {fitRow, seriesName} from '../../../src/core/statistics/series.js'

describe('seriesName', () => {
  it('keeps steps and seeds on one curve and sets other axes apart, in a fixed order', () => {
    expect(seriesName('reasoning', '{"train.steps":100,"seed":2}')).toBe('reasoning')
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
  it('says why there is no fit, with nulls that survive JSON', () => {
    const row = fitRow({series: 'reasoning', mode: 'reasoning', split: 'hard'}, bootstrapFit([]))
    expect(row).toMatchObject({
      A: null,
      P_star: null,
      residuals: null,
      A_ci: null,
      point_count: 0,
      warnings: [expect.stringMatching(/needs 4/)],
    })
    expect(JSON.parse(JSON.stringify(row))).toEqual(row)
  })
})
