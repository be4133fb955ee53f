import {describe, expect, it} from 'vitest'
import {learningRateAt, type ScheduleSettings} from '../../../src/core/optim/schedule.js'

const settings: ScheduleSettings = {learningRate: 2, schedule: 'constant', warmupSteps: 4, finalShare: 0.1}
const rates = (changes: Partial<ScheduleSettings>, steps = 10) =>
  Array.from({length: steps}, (_, i) => learningRateAt(i + 1, steps, {...settings, ...changes}))

describe('the learning rate', () => {
  it.each(['constant', 'linear', 'cosine'] as const)('warms up in equal steps to its peak under %s', (schedule) => {
    expect(rates({schedule}).slice(0, 4)).toEqual([0.5, 1, 1.5, 2])
  })

  it('stays at its peak when constant', () => {
    expect(rates({}).slice(4)).toEqual(Array(6).fill(2))
  })

  it.each(['linear', 'cosine'] as const)(
    'falls without a rise to its final share at the last step under %s',
    (schedule) => {
      const fallen = rates({schedule}).slice(3)
      expect(fallen.at(-1)).toBeCloseTo(0.2, 12)
      expect(fallen.toSorted((a, b) => b - a)).toEqual(fallen)
    },
  )

  it('passes half way at half the decay under linear and cosine', () => {
    for (const schedule of ['linear', 'cosine'] as const) expect(rates({schedule})[6]).toBeCloseTo(1.1, 12)
  })

  it('falls in equal steps under linear, and along half a wave under cosine', () => {
    expect(rates({schedule: 'linear'})[5]).toBeCloseTo(2 - 1.8 / 3, 12)
    // cos(pi / 3) = 1/2: three quarters of the way down are left.
    expect(rates({schedule: 'cosine'})[5]).toBeCloseTo(0.2 + 0.75 * 1.8, 12)
  })

  it.each(['linear', 'cosine'] as const)('stays at its final share beyond the last step under %s', (schedule) => {
    expect(learningRateAt(15, 10, {...settings, schedule})).toBeCloseTo(0.2, 12)
  })

  it('starts at its peak without warm-up', () => {
    expect(rates({warmupSteps: 0})[0]).toBe(2)
  })
})
