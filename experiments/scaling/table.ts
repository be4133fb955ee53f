import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {plotScaling} from '../../src/core/report/plot-scaling.js'
import {pointOfSweep, scalingFigures} from '../../src/core/report/scaling-figures.js'
import type {FitRow} from '../../src/core/statistics/series.js'
import type {SweepSummary} from '../../src/core/sweep/sweep.js'
import {readTable, type SweepRow, sweepTable} from '../../src/core/tables/index.js'
import {maxOf, minOf} from '../../src/core/util/extremes.js'
import {meanOf} from '../../src/core/util/means.js'
import {controlRows, controls} from '../controls.js'
import {percent, rowOf, table} from '../markdown.js'
import {publish} from '../publish.js'
import type {ResultRow} from '../result-table.js'
import {splits} from '../results.js'
import {configsOf} from '../stages.js'

/** R^2 of the paper's Figure 5. */
const paperR2: Readonly<Record<string, number>> = {easy: 0.995, medium: 0.997, hard: 0.989}
const accuracyAt = 'accuracy at step '

/** Reads the finished sweep, and publishes what it found. */
export async function publishScaling(sweep: string, controlled: string): Promise<void> {
  const points = readTable(join(sweep, 'sweep.arrow'), sweepTable)
  const {fits}: SweepSummary = JSON.parse(readFileSync(join(sweep, 'summary.json'), 'utf8'))
  const rows = [
    ...points
      .filter(({split}) => (splits as readonly string[]).includes(split))
      .map(
        ({step, split, accuracy, ci_low, ci_high, seed}): ResultRow => ({
          row: 'RPT, reasoning',
          metric: `${accuracyAt}${step}`,
          split,
          value: accuracy,
          ci_low,
          ci_high,
          paper: null,
          count: 0,
          seed: Number(seed),
        }),
      ),
    ...seedsAtTheEnd(points).flatMap(({run, step, seed}) =>
      controlRows(controlled, [{title: 'RPT, reasoning', evaluated: {run, step, mode: 'reasoning'}}], seed),
    ),
    ...fits.filter(({split}) => split !== 'all').flatMap(fitRows),
  ]
  const figures: Record<string, string> = {}
  for (const figure of scalingFigures(points.map(pointOfSweep), fits, []))
    figures[`${figure.split}.svg`] = await plotScaling(figure)
  const configs = ['point', 'sweep'].map((name) => configsOf('scaling', name)[1])
  publish('scaling', {rows, configs, tables: tablesOf(rows), figures})
}

/** The tables of the README, from the rows of result.arrow. */
export function tablesOf(rows: readonly ResultRow[]): Readonly<Record<string, string>> {
  const title = '%, mean of the seeds (lowest to highest)'
  const metrics = [...new Set(rows.map(({metric}) => metric))].filter((metric) => metric.startsWith(accuracyAt))
  const steps = metrics.map((metric) => ({metric, title: `step ${metric.slice(accuracyAt.length)}`}))
  return {
    fit: fitTable(rows),
    accuracy: meansOfSeeds(rows, title, steps),
    controls: meansOfSeeds(rows, `${title}, ${steps.at(-1)!.title}`, [
      {metric: steps.at(-1)!.metric, title: 'own thought'},
      ...controls,
    ]),
  }
}

const constants = [
  ['A', 'A', 'A_ci'],
  ['alpha', 'alpha', 'alpha_ci'],
  ['P*', 'P_star', 'P_star_ci'],
  ['R^2', 'r2', 'r2_ci'],
] as const

function fitRows(fit: FitRow): ResultRow[] {
  return constants.map(([metric, key, interval]) => {
    const value = fit[key]
    if (value === null) throw new Error(`${fit.split} could not be fitted: ${fit.warnings.join('; ')}`)
    const [ci_low, ci_high] = fit[interval] ?? [null, null]
    const paper = metric === 'R^2' ? paperR2[fit.split] : null
    return {row: 'fit', metric, split: fit.split, value, ci_low, ci_high, paper, count: fit.point_count, seed: 0}
  })
}

function fitTable(rows: readonly ResultRow[]): string {
  const of = (metric: string, split: string) =>
    rowOf(
      rows.filter((row) => row.row === 'fit' && row.metric === metric),
      split,
    )
  const number = (metric: string, split: string, show: (value: number) => string) => {
    const {value, ci_low, ci_high} = of(metric, split)
    return `${show(value)} [${show(ci_low!)}, ${show(ci_high!)}]`
  }
  const plain = (value: number) => value.toFixed(2)
  return table(
    ['split', 'alpha', 'P*, %', 'R^2', 'R^2 in the paper'],
    splits.map((split) => [
      split,
      number('alpha', split, plain),
      number('P*', split, percent),
      number('R^2', split, (value) => value.toFixed(3)),
      of('R^2', split).paper!.toFixed(3),
    ]),
  )
}

/** A line for each split, and a column for each metric. */
function meansOfSeeds(rows: readonly ResultRow[], title: string, columns: readonly Column[]): string {
  return table(
    [title, ...columns.map((column) => column.title)],
    splits.map((split) => [
      split,
      ...columns.map(({metric}) => {
        const values = rows.filter((row) => row.metric === metric && row.split === split).map(({value}) => value)
        return `${percent(meanOf(values))} (${percent(minOf(values))} to ${percent(maxOf(values))})`
      }),
    ]),
  )
}

interface Column {
  readonly metric: string
  readonly title: string
}

/** The last step of every seed, and the name of its run. */
function seedsAtTheEnd(points: readonly SweepRow[]): {run: string; step: number; seed: number}[] {
  const step = maxOf(points.map((point) => point.step))
  const seeds = new Map(points.map(({run, seed}) => [run, Number(seed)]))
  return Array.from(seeds, ([run, seed]) => ({run, step, seed}))
}
