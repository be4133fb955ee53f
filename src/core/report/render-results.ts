import type {FitRow} from '../statistics/series.js'
import {visibleLine} from '../util/visible.js'
import {readRun} from './read-run.js'
import {collectResults, compareAll} from './results.js'
import {collectFits, collectScaling} from './scaling-figures.js'
import {comparisonTable, fitTable, renderTable, resultTable} from './tables.js'
import {terminalPlot} from './terminal-plot.js'

/** The page's main results as lines for the terminal: Table 1, differences, reward curve, fitted scaling curve. */
export function renderResults(paths: readonly string[]): string[] {
  const runs = paths.map(readRun)
  const results = collectResults(runs)
  const points = collectScaling(runs)
  const fits = collectFits(runs, points)
  const sections = [
    results.length > 0 ? renderTable(resultTable(results)) : [],
    results.length > 1 ? renderTable(comparisonTable(compareAll(results))) : [],
    ...runs.map(({name, metrics}) => {
      const rewards = metrics.flatMap(({step, reward}) => (reward === null ? [] : [{x: step, y: reward}]))
      return rewards.length > 1 ? [`Reward of ${name}`, '', ...terminalPlot(smooth(rewards), {xLabel: 'step'})] : []
    }),
    fits.length > 0 ? renderTable(fitTable(withoutRepeats(fits))) : [],
    ...fits
      .filter(({split, A}) => split === 'medium' && A !== null)
      .map(({series, split}) => {
        const curve = points.filter((point) => point.series === series && point.split === split)
        const plotted = curve.map(({compute, accuracy}) => ({x: compute, y: 100 * accuracy}))
        const options = {isLogX: true, xLabel: 'training compute, FLOPs'}
        return [`Accuracy on ${split} against compute, %, ${series}`, '', ...terminalPlot(plotted, options)]
      }),
  ]
  const lines = sections
    .filter((section) => section.length > 0)
    .flatMap((section, i) => (i === 0 ? section : ['', ...section]))
  return lines.map(visibleLine)
}

/** Nested splits make `all` and `easy` one curve. */
function withoutRepeats(fits: readonly FitRow[]): FitRow[] {
  return fits.filter((fit) => !(fit.split === 'all' && fits.some(({split, A}) => split === 'easy' && A === fit.A)))
}

/** Means over a tenth of the curve, so that the trend shows. */
function smooth(curve: readonly {x: number; y: number}[]): {x: number; y: number}[] {
  const window = Math.max(1, Math.floor(curve.length / 10))
  return curve.slice(window - 1).map(({x}, i) => {
    const part = curve.slice(i, i + window)
    return {x, y: part.reduce((sum, {y}) => sum + y, 0) / part.length}
  })
}
