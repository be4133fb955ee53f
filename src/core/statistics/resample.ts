import {philox4x32, type Stream} from '../util/rng.js'

/** A percentile interval in the unit of the statistic; both ends are NaN where fewer than two clusters were resampled. */
export interface Interval {
  readonly low: number
  readonly high: number
}

/**
 * Sums of several columns over bootstrap resamples of their rows; every column sees the same resampled rows.
 *
 * Rows are the clusters (documents), drawn with replacement, as many as there are. The i-th draw of resample r depends
 * on the stream, r and i alone, so resamples may be computed in any order.
 *
 * @param columns each [D] float64: one total per row
 * @returns one [bootstraps] float64 array per column
 */
export function resampleSums(
  columns: readonly Float64Array[],
  {bootstraps, stream}: {readonly bootstraps: number; readonly stream: Stream},
): Float64Array[] {
  const rows = columns[0]?.length ?? 0
  const sums = columns.map(() => new Float64Array(bootstraps))
  const drawn = new Int32Array(rows)
  for (let resample = 0; resample < bootstraps; resample++) {
    drawRows(drawn, resample, stream)
    for (let column = 0; column < columns.length; column++) {
      const values = columns[column]
      let sum = 0
      for (let i = 0; i < rows; i++) sum += values[drawn[i]]
      sums[column][resample] = sum
    }
  }
  return sums
}

/** Fills `drawn` with uniform row indices; one Philox block gives four of them. */
export function drawRows(drawn: Int32Array, resample: number, [key0, key1, high0, high1]: Stream): void {
  const rows = drawn.length
  for (let first = 0; first < rows; first += 4) {
    const words = philox4x32([first / 4, resample, high0, high1], key0, key1)
    const count = Math.min(4, rows - first)
    for (let i = 0; i < count; i++) drawn[first + i] = Math.floor((words[i] / 2 ** 32) * rows)
  }
}

/** The q-quantile of ascending values, linear between order statistics (type 7 of Hyndman and Fan); NaN when empty. */
export function quantile(ascending: Float64Array, q: number): number {
  if (ascending.length === 0) return Number.NaN
  const at = q * (ascending.length - 1)
  const below = Math.floor(at)
  const above = Math.min(below + 1, ascending.length - 1)
  return ascending[below] + (at - below) * (ascending[above] - ascending[below])
}

/** The central 95% of resampled statistics; values that are NaN (an empty resample) are left out. */
export function percentileInterval(values: Iterable<number>): Interval {
  const ascending = Float64Array.from([...values].filter((value) => !Number.isNaN(value))).sort()
  return {low: quantile(ascending, 0.025), high: quantile(ascending, 0.975)}
}
