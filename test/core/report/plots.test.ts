import {describe, expect, it} from 'vitest'
import type {ReportContent} from '../../../src/core/report/content.js'
import {escapeHtml, percent, points, short, tail} from '../../../src/core/report/format.js'
import {html} from '../../../src/core/report/html.js'
import {curveKey, drawChart, layoutOf, xAt, yAt} from '../../../src/core/report/page/chart.js'
import {digits, padded, tickLabels, ticks} from '../../../src/core/report/page/scale.js'
import {
  draggedSteps,
  leastSpan,
  nearestSeen,
  nearestStep,
  nextStep,
  stepAt,
  zoomed,
} from '../../../src/core/report/page/zoom.js'
import {plotAccuracies} from '../../../src/core/report/plot-accuracies.js'
import {plotScaling} from '../../../src/core/report/plot-scaling.js'
import {trainingSection} from '../../../src/core/report/sections.js'
import {smooth} from '../../../src/core/report/smooth.js'
import {terminalPlot} from '../../../src/core/report/terminal-plot.js'
import {metricsTable, nullsOf} from '../../../src/core/tables/index.js'

const measured = (accuracy: number) => ({accuracy, ciLow: accuracy - 0.1, ciHigh: accuracy + 0.1})

describe('plots', () => {
  it('draw SVG without a browser, the same every time, with names escaped', () => {
    const steps = [1, 2, 3]
    const curve = {name: '<b>&', color: 0, steps, values: [0.1, 0.2, 0.3], trend: [0.1, 0.2, 0.3]}
    const chart = {title: 'mean reward', curves: [curve, {...curve, name: 'flat', values: [0.5, 0.5, 0.5]}]}
    const size = {width: 400, height: 200}
    const svg = drawChart(chart, size)
    expect(svg).toMatch(/^<svg [\s\S]*<\/svg>$/)
    expect(svg).toContain('&#60;b&#62;&#38;')
    expect(drawChart(chart, size)).toBe(svg)
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
  })

  it('zoom a chart: steps and values that are seen fill it, and places are found again', () => {
    const steps = Array.from({length: 101}, (_, i) => i)
    const values = steps.map((step) => step ** 2)
    const chart = {title: 'square', curves: [{name: 'one', color: 8, steps, values, trend: values}]}
    const whole = layoutOf(chart, {width: 500, height: 200})
    const part = layoutOf(chart, {width: 500, height: 200, range: [10, 20]})
    expect([whole.x, part.x]).toEqual([
      [0, 100],
      [10, 20],
    ])
    expect(part.y[0]).toBeLessThan(100)
    expect(part.y[1]).toBeLessThan(450)
    for (const layout of [whole, part]) expect(stepAt(layout, xAt(layout, 13))).toBeCloseTo(13, 9)
    expect(yAt(part, 100)).toBeGreaterThan(yAt(part, 400))
    const labels = (range: [number, number]) =>
      [...drawChart(chart, {width: 500, height: 200, range}).matchAll(/class="step"[^>]*>(\d+)</g)].map(([, step]) =>
        Number(step),
      )
    expect(labels([10, 20])).toEqual([10, 12, 14, 16, 18, 20])
    expect(labels([0, 100])).toEqual([0, 20, 40, 60, 80, 100])
    expect(nearestStep([1, 4, 9], 7)).toBe(2)
    expect(nearestStep([1, 4, 9], 6)).toBe(1)
    expect(nearestStep([5], 100)).toBe(0)
    expect(zoomed([0, 100], [0, 100], 20, 0.5)).toEqual([10, 60])
    expect(zoomed([10, 60], [0, 100], 20, 4)).toEqual([0, 100])
    expect(zoomed([10, 12], [0, 100], 11, 0.1)).toEqual([10, 12])
    expect(zoomed([1, 1], [1, 100], 1, 1)).toEqual([1, 3])
  })

  it('zoom to the steps that a drag covers, and nowhere where it covers none', () => {
    const layout = {left: 40, right: 240, top: 0, bottom: 100, x: [0, 100] as const, y: [0, 1] as const}
    expect(draggedSteps(layout, [140, 60])).toEqual([10, 50])
    expect(draggedSteps(layout, [10, 140])).toEqual([0, 50])
    expect(draggedSteps(layout, [140, 143])).toBeNull()
    // In the margins: long, but over no step.
    expect(draggedSteps(layout, [2, 38])).toBeNull()
    expect(draggedSteps(layout, [300, 242])).toBeNull()
  })

  it('tell curves apart in a legend by dashes too, where colours repeat', () => {
    expect(curveKey(1)).toBe('3px solid var(--curve-1, #D55E00)')
    expect(curveKey(8)).toBe('3px dashed var(--curve-1, #D55E00)')
    expect(new Set(Array.from({length: 21}, (_, index) => curveKey(index))).size).toBe(21)
    const [steps, values] = [
      [1, 2],
      [0, 1],
    ]
    const curves = [1, 8, 15].map((color) => ({name: `run ${color}`, color, steps, values, trend: values}))
    const drawn = drawChart({title: 'reward', curves}, {width: 400, height: 200})
    expect([...drawn.matchAll(/stroke-dasharray="([^"]*)"/g)].map(([, dashes]) => dashes)).toEqual([
      'none',
      '7 3',
      '2 3',
    ])
  })

  it('have a legend of the curves as they are drawn', () => {
    const metrics = [1, 2].map((step) => ({...nullsOf(metricsTable), step, wall_seconds: step, reward: step}))
    const runs = Array.from({length: 8}, (_, i) => ({name: `run ${i}`, path: `/run ${i}`, metrics, settings: null}))
    const page = trainingSection({runs} as unknown as ReportContent).text
    const keys = [...page.matchAll(/<i class="key" style="border-top: ([^"]*)"><\/i>(run \d)/g)]
    expect(keys.map(([, border, name]) => [name, border])).toEqual(runs.map(({name}, i) => [name, curveKey(i)]))
  })

  it('label every tick with a text of its own, whatever the zoom', () => {
    expect(tickLabels([0, 0.5, 1])).toEqual(['0', '0.5', '1'])
    expect(tickLabels([0.12341, 0.12342, 0.12343])).toEqual(['0.12341', '0.12342', '0.12343'])
    expect(tickLabels([-0.0002, 0, 0.0002])).toEqual(['\u22122.00e\u22124', '0', '2.00e\u22124'])
    expect(tickLabels([1_000_100, 1_000_200])).toEqual(['1.0001e6', '1.0002e6'])
    expect(tickLabels([0.12345])).toEqual(['0.1235'])
  })

  it('draw a curve up to both ends of a zoom, and leave a zoom a point where steps lie apart', () => {
    const steps = Array.from({length: 11}, (_, i) => 1 + 10 * i)
    const chart = {title: 'ramp', curves: [{name: 'one', color: 0, steps, values: steps, trend: steps}]}
    const range: [number, number] = [15, 38]
    const layout = layoutOf(chart, {width: 500, height: 200, range})
    const places = drawChart(chart, {width: 500, height: 200, range}).match(
      /<path d="M([\d. L]+)" fill="none" stroke="var/,
    )!
    const xs = places[1].split('L').map((place) => Number(place.split(' ')[0]))
    expect(xs[0]).toBeCloseTo(layout.left, 0)
    expect(xs.at(-1)).toBeCloseTo(layout.right, 0)
    expect(xs).toHaveLength(4)
    expect(leastSpan(chart)).toBe(20)
    expect(zoomed([1, 101], [1, 101], 50, 0.01, leastSpan(chart))[1]).toBeCloseTo(
      zoomed([1, 101], [1, 101], 50, 0.01, 20)[0] + 20,
    )
  })

  it('mark steps that are seen alone, and begin with the first or the last of them', () => {
    const curve = {name: 'one', color: 0, steps: [1, 11, 21, 31], values: [1, 2, 3, 4], trend: [1, 2, 3, 4]}
    const chart = {title: 'ramp', curves: [curve]}
    expect(nearestSeen(chart, [10, 22], 1)).toBe(11)
    expect(nearestSeen(chart, [12, 33], 13)).toBe(21)
    expect(nearestSeen(chart, [12, 20], 15)).toBeNull()
    expect([nextStep(chart, [10, 22], null, 1), nextStep(chart, [10, 22], null, -1)]).toEqual([11, 21])
    expect([nextStep(chart, [10, 22], 21, 1), nextStep(chart, [10, 22], 11, -1)]).toEqual([31, 1])
    expect(nextStep(chart, [1, 31], 31, 1)).toBeNull()
  })

  it('have round ticks, about as many as wanted', () => {
    expect(ticks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1])
    expect(ticks(-0.013, 0.021, 3)).toEqual([-0.01, 0, 0.01, 0.02])
    expect(ticks(990, 1010, 2)).toEqual([990, 1000, 1010])
    for (const [low, high] of [
      [0, 7],
      [0.1, 0.9],
      [3, 1e7],
    ] as const)
      for (const wanted of [3, 6]) {
        const {length} = ticks(low, high, wanted)
        expect(length).toBeGreaterThanOrEqual(wanted / 2)
        expect(length).toBeLessThanOrEqual(wanted * 2)
      }
    expect(padded(0.5, 0.5)).toEqual([0.45, 0.55])
    expect([digits(-0.12345), digits(0), digits(1e-5), digits(2.5e7)]).toEqual([
      '\u22120.1235',
      '0',
      '1.00e\u22125',
      '2.50e7',
    ])
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
