import type {PlotPoint} from './figures.js'

/**
 * Moving average: the mean of each value and its neighbours within a centred window, which is cut at the ends.
 *
 * @param window number of points, at least 1; an even number counts as the odd number below it
 * @returns one point per point, by ascending x
 */
export function smooth(points: readonly PlotPoint[], window: number): PlotPoint[] {
  const sorted = [...points].sort((a, b) => a.x - b.x)
  const reach = Math.floor((window - 1) / 2)
  return sorted.map(({x}, i) => {
    const neighbours = sorted.slice(Math.max(0, i - reach), i + reach + 1)
    const offset = neighbours.reduce((sum, {y}) => sum + (y - neighbours[0].y), 0) / neighbours.length
    return {x, y: neighbours[0].y + offset}
  })
}

/** A moving average over a tenth of the curve's points. */
export function trendOf(points: readonly PlotPoint[]): PlotPoint[] {
  return smooth(points, Math.ceil(points.length / 10))
}
