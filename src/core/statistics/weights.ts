import type {Interval} from './resample.js'

/** An interval narrower than this share of the median one counts as this wide. */
const narrowest = 0.1

/**
 * Weights of points for a fit: the inverse of their variance, which is as the square of the width of their intervals.
 *
 * Where all predictions agree an interval has no width, and yet the point is not certain: no interval counts as narrower
 * than a tenth of the median one, so that no point weighs more than a hundred times the median one. Points weigh the same
 * where any interval is missing, or most have no width.
 *
 * @returns one weight per interval, in order; 1 at the median width
 */
export function weightsOf(intervals: readonly Interval[]): number[] {
  const widths = intervals.map(({low, high}) => high - low)
  const ascending = widths.toSorted((a, b) => a - b)
  const median = (ascending[Math.floor((widths.length - 1) / 2)] + ascending[Math.ceil((widths.length - 1) / 2)]) / 2
  if (!widths.every(Number.isFinite) || !(median > 0)) return widths.map(() => 1)
  return widths.map((width) => (median / Math.max(width, narrowest * median)) ** 2)
}
