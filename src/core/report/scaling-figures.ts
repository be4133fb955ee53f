import {computeByStep} from '../runs/compute-spent.js'
import {fitPowerLaw, type ScalingPoint} from '../statistics/power-law.js'
import {type FitRow, fitRow, seriesName} from '../statistics/series.js'
import {splits} from '../statistics/split.js'
import {weightsOf} from '../statistics/weights.js'
import type {SweepRow} from '../tables/index.js'
import {maxOf, minOf} from '../util/extremes.js'
import {groupBy} from '../util/group-by.js'
import {benchmarkOf, benchmarkOfPoint} from './benchmark.js'
import type {ScalingFigure} from './figures.js'
import type {RunFolder} from './read-run.js'
import {baseResult, type Result} from './results.js'
import {type TerminalPlotOptions, terminalPlot} from './terminal-plot.js'

/** One measured checkpoint of one curve. */
export interface ScalingPointRow {
  readonly series: string
  readonly mode: string
  readonly split: string
  /** Names what it was evaluated on; absent where that is not known. */
  readonly benchmark?: string
  readonly compute: number
  readonly accuracy: number
  readonly ciLow: number
  readonly ciHigh: number
}

/** Checkpoints that a curve needs to be worth a figure. */
const pointsPerCurve = 3

/**
 * Accuracy against compute: from the ledgers of sweeps, and without a whole curve there from runs that evaluated several checkpoints,
 * whose compute is the sum of their FLOPs metrics up to that step.
 */
export function collectScaling(runs: readonly RunFolder[]): ScalingPointRow[] {
  const nameOf = curveNames(runs)
  const swept = wholeCurves(runs.flatMap((run) => pointsOfSweep(run, nameOf)))
  return swept.length > 0 ? swept : wholeCurves(runs.flatMap(pointsOfRun))
}

/** The points of curves that are worth a figure. */
function wholeCurves(points: readonly ScalingPointRow[]): ScalingPointRow[] {
  const rows = points.filter(({compute}) => compute > 0)
  return [...groupBy(rows, curveKey).values()]
    .filter((curve) => new Set(curve.map(({compute}) => compute)).size >= pointsPerCurve)
    .flat()
}

/** The fit of every curve: that of the sweep's summary where it has one, with intervals; else fitted to the points. */
export function collectFits(runs: readonly RunFolder[], points: readonly ScalingPointRow[]): FitRow[] {
  const nameOf = curveNames(runs)
  const known = runs.flatMap((run) => fitsOf(run).map((fit) => ({...fit, series: nameOf(run, fit.series ?? fit.mode)})))
  return [...groupBy(points, curveKey).values()].map((curve) => {
    const {series, mode, split} = curve[0]
    const stored = known.find((fit) => fit.split === split && fit.series === series)
    return stored
      ? {...stored, series, warnings: stored.warnings ?? []}
      : fitRow({series, mode, split}, {fit: fitPowerLaw(weighted(curve)), intervals: null})
  })
}

/** Points with weights by their intervals. */
function weighted(curve: readonly ScalingPointRow[]): ScalingPoint[] {
  const weights = weightsOf(curve.map(({ciLow, ciHigh}) => ({low: ciLow, high: ciHigh})))
  return curve.map(({compute, accuracy}, i) => ({compute, accuracy, weight: weights[i]}))
}

/**
 * One figure per split, all on the same axis of accuracy, with the base model's argmax accuracy as a line where all points are
 * of one benchmark.
 */
export function scalingFigures(
  points: readonly ScalingPointRow[],
  fits: readonly FitRow[],
  results: readonly Result[],
): ScalingFigure[] {
  const shown = splits.filter((split) => points.some((point) => point.split === split))
  const named = shown.length > 1 ? shown.filter((split) => split !== 'all') : shown
  const benchmarks = new Set(points.map(({benchmark}) => benchmark))
  const base = benchmarks.size === 1 ? baseResult(results, [...benchmarks][0]) : undefined
  const ends = points.flatMap(({accuracy, ciLow, ciHigh}) => [accuracy, ciLow, ciHigh]).filter(Number.isFinite)
  const lines = named.map((split) => base?.cells[split]?.accuracy).filter((line) => line !== undefined)
  const low = Math.floor(20 * minOf([...ends, ...lines])) / 20
  const high = Math.ceil(20 * maxOf([...ends, ...lines])) / 20
  return named.map((split) => {
    const accuracy = base?.cells[split]?.accuracy
    const own = groupBy(
      points.filter((point) => point.split === split),
      ({series}) => series,
    )
    const series = [...own].map(([name, curve]) => {
      const fit = fits.find((one) => one.series === name && one.split === split)
      return {name, points: curve, fit: lawOf(fit)}
    })
    const references = accuracy === undefined ? [] : [{name: 'base, argmax', accuracy}]
    return {split, series, references, yDomain: [low, high]}
  })
}

/** Accuracy against compute as lines of text. */
export function scalingText(
  points: readonly Pick<ScalingPointRow, 'compute' | 'accuracy'>[],
  options: Pick<TerminalPlotOptions, 'width' | 'xLabel' | 'yLabel'>,
): string[] {
  const inPercents = points.map(({compute, accuracy}) => ({x: compute, y: 100 * accuracy}))
  return terminalPlot(inPercents, {isLogX: true, ...options})
}

/** A row of the ledger as a point of its curve. */
export function pointOfSweep(row: SweepRow): ScalingPointRow {
  const {mode, split, point, compute_flops, accuracy, ci_low, ci_high} = row
  const series = seriesName(mode, point)
  return {series, mode, split, compute: compute_flops, accuracy, ...intervalOf(ci_low, ci_high)}
}

function intervalOf(low: number | null, high: number | null) {
  return {ciLow: low ?? Number.NaN, ciHigh: high ?? Number.NaN}
}

/** Names a curve in a report: by its sweep too where several sweeps may have curves of that name. */
type CurveName = (sweep: RunFolder, series: string) => string

function curveNames(runs: readonly RunFolder[]): CurveName {
  const sweeps = runs.filter(({sweep}) => sweep.length > 0)
  if (sweeps.length < 2) return (_, series) => series
  const areUnlike = new Set(sweeps.map(({name}) => name)).size === sweeps.length
  return ({name, path}, series) => `${areUnlike ? name : path}, ${series}`
}

function fitsOf({summary}: RunFolder): readonly FitRow[] {
  return Array.isArray(summary?.fits) ? (summary.fits as FitRow[]) : []
}

function pointsOfSweep(run: RunFolder, nameOf: CurveName): ScalingPointRow[] {
  return [...groupBy(run.sweep, (row) => row.run)].flatMap(([name, rows]) => {
    const benchmark = benchmarkOfPoint(run, name)
    return rows.map(pointOfSweep).map((point) => ({...point, series: nameOf(run, point.series), benchmark}))
  })
}

function pointsOfRun(run: RunFolder): ScalingPointRow[] {
  const benchmark = benchmarkOf(run)
  const computeAt = computeByStep(run.metrics)
  return run.evals.flatMap(({mode, split, step, accuracy, ci_low, ci_high}) => {
    const compute = computeAt.get(step)
    const series = `${run.name}, ${mode}`
    const interval = intervalOf(ci_low, ci_high)
    return compute === undefined ? [] : [{series, mode, split, benchmark, compute, accuracy, ...interval}]
  })
}

/** What is said of training runs whose accuracies have no place on a curve, because rows of their metrics are lost. */
export function lostCompute(runs: readonly RunFolder[]): string[] {
  return runs.flatMap(({name, metrics, evals}) => {
    const computeAt = computeByStep(metrics)
    const lost = new Set(evals.map(({step}) => step).filter((step) => step > 0 && !computeAt.has(step)))
    if (metrics.length === 0 || lost.size === 0) return []
    const steps = [...lost].join(', ')
    return [
      `report: metrics.arrow of ${name} lacks steps, so accuracy against compute leaves out its checkpoints of step ${steps}`,
    ]
  })
}

function curveKey({series, split}: ScalingPointRow): string {
  return JSON.stringify([series, split])
}

function lawOf(fit: FitRow | undefined) {
  if (!fit || fit.A === null || fit.alpha === null || fit.P_star === null) return undefined
  return {A: fit.A, alpha: fit.alpha, pStar: fit.P_star}
}
