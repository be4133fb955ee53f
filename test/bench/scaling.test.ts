import {describe, expect, it} from 'vitest'
import {doublingExponents, slopeOf} from '../../bench/exponents.js'
import {plotLogLog} from '../../bench/log-log-plot.js'

const curve = (law: (x: number) => number) => [64, 128, 256, 512, 1024].map((x) => ({x, y: law(x)}))

describe('exponents', () => {
  it('are those of a power law, over all doublings and over the last', () => {
    const {overall, last} = doublingExponents(curve((x) => 3 * x ** 1.5))
    expect(overall).toBeCloseTo(1.5, 12)
    expect(last).toBeCloseTo(1.5, 12)
  })

  it('show in the last doubling what a constant hides at first', () => {
    const {overall, last} = doublingExponents(curve((x) => 1000 + x ** 2 / 100))
    expect(last).toBeGreaterThan(1.6)
    expect(overall).toBeLessThan(last)
  })

  it('rest on a least-squares slope', () => {
    expect(slopeOf([0, 1, 2, 3].map((x) => ({x, y: 5 - 2 * x})))).toBeCloseTo(-2, 12)
  })
})

describe('a plot on logarithmic axes', () => {
  it('puts equal factors at equal distances and a straight line where time is linear', async () => {
    const svg = await plotLogLog([{name: 'rollout', points: curve((x) => x / 100)}], {
      title: 'seconds',
      x: 'context length',
    })
    const circles = [...svg.matchAll(/aria-roledescription="point" transform="translate\(([\d.]+),([\d.]+)\)"/g)].map(
      ([, x, y]) => [Number(x), Number(y)],
    )
    expect(circles).toHaveLength(5)
    const steps = circles.slice(1).map(([x, y], i) => [x - circles[i][0], y - circles[i][1]])
    for (const [dx, dy] of steps) {
      expect(dx).toBeCloseTo(steps[0][0], 0)
      expect(dy).toBeCloseTo(steps[0][1], 0)
    }
    expect(svg).toContain('>context length</text>')
    expect(svg).toContain('>1024</text>')
  })
})
