import {meanOf} from '../src/core/util/means.js'

/** A point of a curve on logarithmic axes; both above 0. */
export interface Positive {
  readonly x: number
  readonly y: number
}

/** Exponents of a curve: least squares over all points, and between the last two. */
export function doublingExponents(points: readonly Positive[]): {overall: number; last: number} {
  const logs = points.map(({x, y}) => ({x: Math.log(x), y: Math.log(y)}))
  return {overall: slopeOf(logs), last: slopeOf(logs.slice(-2))}
}

/** Slope of the least-squares line through some points. */
export function slopeOf(points: readonly Positive[]): number {
  const mean = (read: (point: Positive) => number) => meanOf(points.map(read))
  const [meanX, meanY] = [mean(({x}) => x), mean(({y}) => y)]
  const covariance = mean(({x, y}) => (x - meanX) * (y - meanY))
  return covariance / mean(({x}) => (x - meanX) ** 2)
}
