import {groupBy} from '../util/group-by.js'
import {shortLabel} from '../util/short-names.js'
import type {BootstrapFit} from './bootstrap-fit.js'
import type {PowerLawFit} from './power-law.js'
import type {Interval} from './resample.js'

/** Axis keys that move a point along a curve, or repeat it, rather than start another curve. */
const alongCurve = new Set(['seed', 'train.steps', 'step'])

/**
 * Name of the curve that a sweep point belongs to: its mode, and whatever axes set it apart from other curves; long values
 * are cut, and a hash tells them apart.
 *
 * @param point JSON of the axis values, as in `sweep.arrow`
 */
export function seriesName(mode: string, point: string): string {
  const axes = Object.entries(JSON.parse(point) as Record<string, unknown>)
    .filter(([key]) => !alongCurve.has(key))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return [mode, ...axes.map(([key, value]) => `${key}=${shortLabel(String(value))}`)].join(', ')
}

/** A point of a fit, and its accuracy minus that of the curve. */
export interface FitResidual {
  readonly compute_flops: number
  readonly accuracy: number
  readonly residual: number
}

/** A fit as plain data for `summary.json` and reports; numbers are null where there is no fit. */
export interface FitRow {
  readonly series: string
  readonly mode: string
  readonly split: string
  readonly A: number | null
  readonly alpha: number | null
  readonly P_star: number | null
  readonly r2: number | null
  /** 95% intervals, [low, high]. */
  readonly A_ci: readonly [number, number] | null
  readonly alpha_ci: readonly [number, number] | null
  readonly P_star_ci: readonly [number, number] | null
  readonly r2_ci: readonly [number, number] | null
  readonly point_count: number
  /** How far each point lies above the curve, by ascending compute; null where there is no fit. */
  readonly residuals: readonly FitResidual[] | null
  /** Resamples drawn for the intervals, and those of them that could be fitted; null where none were drawn. */
  readonly resamples: number | null
  readonly resamples_fitted: number | null
  /** Why there is no fit, and what to beware of. */
  readonly warnings: readonly string[]
}

/** Flattens a fit with its intervals. */
export function fitRow(
  {series, mode, split}: Pick<FitRow, 'series' | 'mode' | 'split'>,
  {fit, intervals, resamples = 0, fittedResamples = 0}: Pick<BootstrapFit, 'fit' | 'intervals'> & Partial<BootstrapFit>,
): FitRow {
  const lost = resamples - fittedResamples
  const isFitted = fit.kind === 'fitted'
  const pair = (interval: Interval | undefined) => (interval ? ([interval.low, interval.high] as const) : null)
  return {
    series,
    mode,
    split,
    A: isFitted ? fit.A : null,
    alpha: isFitted ? fit.alpha : null,
    P_star: isFitted ? fit.pStar : null,
    r2: isFitted ? fit.r2 : null,
    A_ci: pair(intervals?.A),
    alpha_ci: pair(intervals?.alpha),
    P_star_ci: pair(intervals?.pStar),
    r2_ci: pair(intervals?.r2),
    point_count: fit.points.length,
    residuals: isFitted ? residualsOf(fit) : null,
    resamples: resamples > 0 ? resamples : null,
    resamples_fitted: resamples > 0 ? fittedResamples : null,
    warnings: [
      ...(isFitted ? [] : [fit.message]),
      ...fit.warnings,
      ...(lost > 0 ? [`${lost} of ${resamples} resamples could not be fitted: the intervals are of the others`] : []),
    ],
  }
}

/** The warnings of fits as sentences; what is said of several splits of a curve is said once. */
export function fitWarnings(fits: readonly Pick<FitRow, 'series' | 'split' | 'warnings'>[]): string[] {
  const warned = fits.flatMap(({series, split, warnings}) => warnings.map((text) => ({series, split, text})))
  return [...groupBy(warned, ({series, text}) => JSON.stringify([series, text])).values()].map(
    (same) => `${same[0].series} (${same.map(({split}) => split).join(', ')}): ${same[0].text}.`,
  )
}

function residualsOf({points, residuals}: PowerLawFit): FitResidual[] {
  return points.map(({compute, accuracy}, i) => ({compute_flops: compute, accuracy, residual: residuals[i]}))
}
