import {type FitRow, fitWarnings} from '../statistics/series.js'
import {type Split, splits} from '../statistics/split.js'
import type {MetricsRow} from '../tables/index.js'
import {maxOf} from '../util/extremes.js'
import {groupBy} from '../util/group-by.js'
import {meanOf} from '../util/means.js'
import {plural} from '../util/plural.js'
import {padText, textWidth} from '../util/text-width.js'
import type {Comparison} from './comparisons.js'
import {percent, points, short} from './format.js'
import type {PredictionCost, Result, ResultCell} from './results.js'

/** A table ready to be drawn, on a page or in a terminal. */
export interface Table {
  readonly title: string
  readonly columns: readonly string[]
  /** The first cell of a row names it. */
  readonly rows: readonly (readonly Cell[])[]
  readonly note?: string
  /**
   * What a narrow terminal leaves out, the first first: columns, and details of columns, such as `A interval` or `A details`.
   */
  readonly spare?: readonly string[]
}

/** One cell of a table. */
export interface Cell {
  readonly text: string
  /** Second line: an interval or a count. */
  readonly detail?: string
  /** On a page: what the list of rollouts is searched for when the cell is clicked; in the first column. */
  readonly find?: string
  /** `above` and `below`: the paired interval excludes 0. */
  readonly tone?: 'above' | 'below' | 'muted'
}

/** Held-out accuracy in the shape of the paper's Table 1: one row per model and mode, one column per split. */
export function resultTable(results: readonly Result[]): Table {
  const columns = usedSplits(results)
  const cells = results.flatMap((result) => columns.flatMap((split) => result.cells[split] ?? []))
  const hasSamples = cells.some(({passAt}) => passAt !== null)
  const leftOut = columns.flatMap((split) => {
    const most = maxOf(results.map((result) => result.cells[split]?.inexpressible ?? 0))
    return most > 0 ? [`${split} ${most}`] : []
  })
  const hasCosts = results.some(({cost}) => cost !== null)
  const hasAnswers = results.some(({cost}) => cost !== null && cost.answerTokens !== null)
  const rows = results.map(({label, cells, cost}) => [
    {text: label},
    ...columns.map((split): Cell => {
      const cell = cells[split]
      if (!cell || cell.count === 0) return {text: '-', tone: 'muted'}
      return {text: percent(cell.accuracy), detail: detailsOf(cell).join(' · ')}
    }),
    ...(hasCosts ? [costCell(cost)] : []),
  ])
  const counts = columns.map((split) => `${split} ${maxOf(results.map(({cells}) => cells[split]?.count ?? 0))}`)
  return {
    title: 'Held-out accuracy, %',
    columns: ['model and mode', ...columns, ...(hasCosts ? ['FLOPs each'] : [])],
    rows,
    note:
      `Brackets: 95% bootstrap over documents. Positions: ${counts.join(', ')}.` +
      (hasSamples ? ' pass@k: chance that one of k sampled completions is right, unbiased.' : '') +
      (hasAnswers ? ' In the box: tokens of the answer, over predictions that have one.' : '') +
      (leftOut.length > 0
        ? ` Left out in every mode, because no box can hold the target: ${leftOut.join(', ')}; "if wrong": accuracy with them counted as wrong.`
        : ''),
    spare: ['FLOPs each details', 'FLOPs each', ...intervalsOf(columns)],
  }
}

/** What one prediction costs, thought included. */
function costCell(cost: PredictionCost | null): Cell {
  if (!cost) return {text: '-', tone: 'muted'}
  const {promptTokens, writtenTokens, answerTokens, flops} = cost
  const answer = answerTokens === null ? '' : `, ${Number(answerTokens.toFixed(1))} in the box`
  return {
    text: flops.toExponential(1),
    detail: `${promptTokens.toFixed(0)} read, ${writtenTokens.toFixed(0)} written${answer}`,
  }
}

/** The interval of a cell, and what else is known of it. */
export function detailsOf({ciLow, ciHigh, passAt, inexpressible, accuracyIfWrong}: ResultCell): string[] {
  return [
    interval(ciLow, ciHigh, percent),
    ...Object.entries(passAt ?? {}).map(([k, {accuracy, ciLow, ciHigh}]) =>
      `pass@${k} ${percent(accuracy)} ${interval(ciLow, ciHigh, percent)}`.trimEnd(),
    ),
    inexpressible ? `${percent(accuracyIfWrong)} if wrong` : '',
  ].filter((text) => text !== '')
}

/** Paired differences in percentage points: one table for each subject, in the order of the comparisons. */
export function comparisonTables(comparisons: readonly Comparison[]): Table[] {
  return [...groupBy(comparisons, ({subject}) => subject).values()].map((own) => comparisonTable(own))
}

/**
 * Paired differences in percentage points; a subject that all comparisons share is named once, in the title.
 *
 * @param marked how a tone is shown
 */
export function comparisonTable(comparisons: readonly Comparison[], marked = 'Coloured'): Table {
  const columns = usedSplits(comparisons.flatMap(({subject, other}) => [subject, other]))
  const subjects = new Set(comparisons.map(({subject}) => subject.label))
  const shared = subjects.size === 1 ? [...subjects][0] : null
  const rows = comparisons.map(({subject, other, differences, lack, unlike}) => [
    {
      text: `${shared === null ? subject.label : ''} \u2212 ${other.label}`.trim(),
      detail: lack ?? (unlike.length > 0 ? `not alike: ${unlike.join('; ')}` : undefined),
    },
    ...columns.map((split): Cell => {
      const cell = differences?.[split]
      if (!cell) return {text: '-', tone: 'muted'}
      const tone = unlike.length > 0 ? 'muted' : cell.isAbove ? 'above' : cell.isBelow ? 'below' : undefined
      return {text: points(cell.difference), detail: interval(cell.ciLow, cell.ciHigh, points), tone}
    }),
  ])
  return {
    title: `Paired differences${shared === null ? '' : ` of ${shared}`}, percentage points`,
    columns: [shared === null ? 'first minus second' : 'minus', ...columns],
    rows,
    note:
      `Same positions on both sides. ${marked} where the 95% interval excludes 0: only then is one above the other.` +
      (comparisons.some(({unlike}) => unlike.length > 0)
        ? ' Not alike: the two differ in template or lengths too, so the difference is not of the models alone.'
        : ''),
    spare: intervalsOf(columns),
  }
}

/** Constants of P(C) = A / C^alpha + P* per curve and split. */
export function fitTable(fits: readonly FitRow[]): Table {
  const rows = fits.map((fit): Cell[] => [
    {text: `${fit.series}, ${fit.split}`},
    constant(fit.A, fit.A_ci, short),
    constant(fit.alpha, fit.alpha_ci, short),
    constant(fit.P_star, fit.P_star_ci, percent),
    constant(fit.r2, fit.r2_ci, (value) => value.toFixed(3)),
    {text: String(fit.point_count)},
    resamplesOf(fit),
  ])
  return {
    title: 'Fit of P(C) = A / C^alpha + P*',
    columns: ['curve', 'A', 'alpha', 'P*, %', 'R²', 'points', 'resamples fitted'],
    rows,
    note: ['Three constants on few points: R² near 1 is weak evidence.', ...fitWarnings(fits)].join(' '),
    // A has no meaning apart from alpha, which stays with its interval.
    spare: ['resamples fitted', 'points', ...intervalsOf(['R²', 'A', 'P*, %']), 'R²', 'A'],
  }
}

function resamplesOf({resamples, resamples_fitted: fitted}: FitRow): Cell {
  // The summary of an earlier version has no such counts.
  return resamples ? {text: `${fitted} of ${resamples}`} : {text: '-', tone: 'muted'}
}

/** First and last values of the metrics that a run has, means over a tenth of its steps. */
export function metricTable(name: string, metrics: readonly MetricsRow[]): Table {
  const window = Math.max(1, Math.floor(metrics.length / 10))
  const keys = Object.keys(metrics[0] ?? {}).filter((key) => key !== 'step' && key !== 'wall_seconds') as MetricName[]
  const rows = keys.flatMap((key) => {
    const values = metrics.flatMap((row) => (row[key] === null ? [] : [Number(row[key])]))
    if (values.length === 0) return []
    const ends = [values.slice(0, window), values.slice(-window)]
    return [[{text: key}, ...ends.map((part) => ({text: short(meanOf(part))})), {text: short(maxOf(values))}]]
  })
  return {
    title: `Training metrics of ${name}`,
    columns: ['metric', 'first', 'last', 'maximum'],
    rows,
    note: `${plural(metrics.length, 'step')}; first and last are means over ${plural(window, 'step')}.`,
  }
}

/** The intervals of columns as `spare` names them. */
export function intervalsOf(columns: readonly string[]): string[] {
  return columns.map((name) => `${name} interval`)
}

/** A table as aligned lines of text, details in the same line. */
export function renderTable({title, columns, rows, note}: Table): string[] {
  const lines = [columns, ...rows.map((row) => row.map(({text, detail}) => (detail ? `${text} ${detail}` : text)))]
  const widths = columns.map((_, column) => maxOf(lines.map((line) => textWidth(line[column]))))
  const align = (line: readonly string[]) =>
    line.map((text, i) => padText(text, widths[i], i === 0 ? 'behind' : 'before')).join('  ')
  return [title, '', align(lines[0]), ...lines.slice(1).map(align), ...(note ? ['', note] : [])]
}

type MetricName = keyof MetricsRow

/** Splits that hold something; not `all` where it is the easy split by another name, as with nested splits. */
function usedSplits(results: readonly Result[]): Split[] {
  const used = splits.filter((split) => results.some(({cells}) => (cells[split]?.count ?? 0) > 0))
  const isEasyAll = results.every(({cells}) => cells.all?.count === cells.easy?.count)
  return used.filter((split) => !(split === 'all' && isEasyAll && used.includes('easy')))
}

function interval(low: number, high: number, format: (value: number) => string): string {
  return Number.isFinite(low) && Number.isFinite(high) ? `[${format(low)}, ${format(high)}]` : ''
}

function constant(
  value: number | null,
  range: readonly [number, number] | null,
  format: (value: number) => string,
): Cell {
  if (value === null) return {text: 'no fit', tone: 'muted'}
  return {text: format(value), detail: range ? interval(range[0], range[1], format) : undefined}
}
