import {describe, expect, it} from 'vitest'
import {escapeHtml, percent, points, short, tail} from '../../../src/core/report/format.js'
import {html} from '../../../src/core/report/html.js'
import {plotAccuracies} from '../../../src/core/report/plot-accuracies.js'
import {plotCurves, smooth} from '../../../src/core/report/plot-curves.js'
import {plotScaling} from '../../../src/core/report/plot-scaling.js'
import {terminalPlot} from '../../../src/core/report/terminal-plot.js'

const measured = (accuracy: number) => ({accuracy, ciLow: accuracy - 0.1, ciHigh: accuracy + 0.1})

describe('plots', () => {
  it('draw SVG without a browser, the same every time, with names escaped', async () => {
    const curves = [{name: '<b>&', points: [1, 2, 3].map((x) => ({x, y: x / 10}))}]
    const both = [...curves, {name: 'flat', points: [1, 2, 3].map((x) => ({x, y: 0.5}))}]
    const svg = await plotCurves(both, 'mean reward')
    expect(svg).toMatch(/^<svg [\s\S]*<\/svg>$/)
    expect(svg).toContain('&lt;b&gt;&amp;')
    expect(await plotCurves(both, 'mean reward')).toBe(svg)
  })

  it('draw one mark and one interval per measured accuracy, and a fitted curve', async () => {
    const table = [1e20, 3e20, 1e21].map((compute, i) => ({compute, ...measured(0.2 + i / 10)}))
    const fit = {A: -0.3 * 1e20 ** 0.8, alpha: 0.8, pStar: 0.5}
    const svg = await plotScaling({
      split: 'hard',
      series: [{name: 'reasoning', points: table, fit}],
      references: [{name: 'base', accuracy: 0.3}],
    })
    expect(svg.match(/aria-roledescription="point"/g)).toHaveLength(3)
    expect(svg.match(/aria-roledescription="rule mark"/g)).toHaveLength(1 + 3)
    expect(svg.match(/aria-roledescription="line mark"/g)).toHaveLength(1)
    const dots = await plotAccuracies([
      {name: 'base', splits: {easy: measured(0.3), hard: measured(0.2)}},
      {name: 'rpt', splits: {easy: measured(0.4), hard: {accuracy: 0.3, ciLow: Number.NaN, ciHigh: Number.NaN}}},
    ])
    expect(dots.match(/aria-roledescription="point"/g)).toHaveLength(4)
    expect(dots).not.toMatch(/NaN/)
  })

  it('keep a constant curve constant when smoothed, and the mean of a ramp', () => {
    const flat = Array.from({length: 50}, (_, x) => ({x, y: 0.97}))
    expect(new Set(smooth(flat, 7).map(({y}) => y))).toEqual(new Set([0.97]))
    const ramp = Array.from({length: 5}, (_, x) => ({x, y: x}))
    expect(smooth(ramp, 3).map(({y}) => y)).toEqual([0.5, 1, 2, 3, 3.5])
  })
})

describe('terminalPlot', () => {
  it('draws a rising line from the lower left to the upper right, within its size', () => {
    const lines = terminalPlot(
      [0, 1, 2, 3].map((x) => ({x, y: x})),
      {width: 24, height: 6, xLabel: 'step'},
    )
    expect(lines).toEqual([
      '  3 ┤              ⣀⡠⠤⠒⠉',
      '1.5 ┤         ⢀⣀⠤⠒⠊⠁',
      '    │    ⢀⡠⠤⠒⠉⠁',
      '  0 ┤⣀⠤⠒⠊⠉',
      '    └───────────────────',
      '     0      step       3',
    ])
  })

  it('says that there is nothing to plot, and survives a single point', () => {
    expect(terminalPlot([{x: 0, y: Number.NaN}])).toEqual(['(no points to plot)'])
    expect(terminalPlot([{x: 0, y: 1}], {isLogX: true})).toEqual(['(no points to plot)'])
    expect(terminalPlot([{x: 5, y: 1}]).length).toBeGreaterThan(3)
  })
})

describe('text', () => {
  it('escapes what a browser or a terminal would act on', () => {
    expect(html`<p>${'<i>&"'} ${html`<b>${1}</b>`}${null}${['<', html`<br>`]}</p>`.text).toBe(
      '<p>&lt;i&gt;&amp;&quot; <b>1</b>&lt;<br></p>',
    )
    expect(escapeHtml('a\u001b[31m\n')).toBe('a\u241b[31m\n')
  })

  it('writes numbers as the tables need them', () => {
    expect([percent(0.4567), percent(null), percent(Number.NaN)]).toEqual(['45.7', '-', '-'])
    expect([points(0.035), points(-0.0101), points(0)]).toEqual(['+3.5', '\u22121.0', '0.0'])
    expect([short(1.26e12), short(0.01234), short(0), short(42), short(null)]).toEqual([
      '1.26e12',
      '0.0123',
      '0',
      '42',
      '-',
    ])
    expect([tail('abcdef', 4), tail('abc', 4)]).toEqual(['…def', 'abc'])
  })
})
