import type {FitRow} from '../statistics/series.js'
import {visibleLine} from '../util/visible.js'
import {categoryTables} from './categories.js'
import type {ReportContent} from './content.js'
import {headlineOf} from './headline.js'
import {renderNarrow} from './narrow-table.js'
import {reasoningTables} from './reasoning.js'
import {scalingFigures, scalingText} from './scaling-figures.js'
import {trendOf} from './smooth.js'
import {comparisonTables, fitTable, resultTable, type Table} from './tables.js'
import {plotWidth, terminalPlot} from './terminal-plot.js'
import {curvesOf} from './training-curves.js'

/**
 * The page's main results as lines for the terminal: Table 1, differences, reward curve, fitted scaling curve.
 *
 * @param room characters of a line
 */
export function renderResults(
  {runs, results, comparisons, reasonings, points, fits}: ReportContent,
  room = Number.POSITIVE_INFINITY,
): string[] {
  const sentence = headlineOf(comparisons)
  const draw = (table: Table) => renderNarrow(table, room)
  const width = Math.min(room, plotWidth)
  const sections = [
    sentence ? [sentence] : [],
    results.length > 0 ? draw(resultTable(results)) : [],
    ...categoryTables(results).map(draw),
    ...firstOf(comparisonTables(comparisons), draw),
    ...reasoningTables(reasonings).map(draw),
    ...curvesOf(runs, 'reward').map(({name, points}) =>
      points.length > 1 ? [`Reward of ${name}`, '', ...terminalPlot(trendOf(points), {width, xLabel: 'step'})] : [],
    ),
    fits.length > 0 ? draw(fitTable(withoutRepeats(fits))) : [],
    ...scalingFigures(points, fits, results)
      .filter(({split}) => split === 'medium')
      .flatMap(({split, series}) =>
        series
          .filter(({fit}) => fit !== undefined)
          .map(({name, points}) => [
            `Accuracy on ${split} against compute, %, ${name}`,
            '',
            ...scalingText(points, {width, xLabel: 'training compute, FLOPs'}),
          ]),
      ),
  ]
  const lines = sections
    .filter((section) => section.length > 0)
    .flatMap((section, i) => (i === 0 ? section : ['', ...section]))
  return lines.map(visibleLine)
}

/** The first table, and how many more the page has. */
function firstOf([first, ...others]: readonly Table[], draw: (table: Table) => string[]): string[][] {
  if (!first) return []
  const more = others.length > 0 ? ['', `On the page: ${others.map(({title}) => title).join('; ')}.`] : []
  return [[...draw(first), ...more]]
}

/** Nested splits make `all` and `easy` one curve. */
function withoutRepeats(fits: readonly FitRow[]): FitRow[] {
  return fits.filter((fit) => !(fit.split === 'all' && fits.some(({split, A}) => split === 'easy' && A === fit.A)))
}
