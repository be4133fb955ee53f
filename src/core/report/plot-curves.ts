import {maxOf, minOf} from '../util/extremes.js'
import type {Curve, PlotPoint} from './figures.js'
import {colorBy, drawSvg, fixedSize} from './svg.js'

/** How curves are drawn. */
export interface CurveOptions {
  /** Of the whole figure, in CSS pixels. */
  readonly width?: number
  readonly height?: number
  /** All names of the page, so that a name has one colour throughout. */
  readonly names?: readonly string[]
}

/** Mean of each value with its neighbours within a centred window, which is cut at the ends; points by ascending x. */
export function smooth(points: readonly PlotPoint[], window: number): PlotPoint[] {
  const sorted = [...points].sort((a, b) => a.x - b.x)
  const reach = Math.floor((window - 1) / 2)
  return sorted.map(({x}, i) => {
    const neighbours = sorted.slice(Math.max(0, i - reach), i + reach + 1)
    const offset = neighbours.reduce((sum, {y}) => sum + (y - neighbours[0].y), 0) / neighbours.length
    return {x, y: neighbours[0].y + offset}
  })
}

/** A moving average over a tenth of the curve. */
export function trendOf(points: readonly PlotPoint[]): PlotPoint[] {
  return smooth(points, Math.ceil(points.length / 10))
}

/** Metrics by step: raw values faint, a moving average over a tenth of the run on top. */
export async function plotCurves(
  curves: readonly Curve[],
  title: string,
  {width = 700, height = 260, names = curves.map(({name}) => name)}: CurveOptions = {},
): Promise<string> {
  const rows = (kind: 'raw' | 'smooth') =>
    curves.flatMap(({name, points}) => (kind === 'raw' ? points : trendOf(points)).map(({x, y}) => ({name, x, y})))
  const encoding = {
    x: {field: 'x', type: 'quantitative', title: 'step', scale: {nice: false}},
    y: {field: 'y', type: 'quantitative', title: null, scale: {zero: false, ...flatDomain(rows('raw'))}},
    color: colorBy(names),
  }
  return drawSvg({
    title,
    width,
    height,
    autosize: fixedSize,
    encoding,
    layer: [
      {data: {values: rows('raw')}, mark: {type: 'line', strokeWidth: 1, opacity: 0.35}},
      {data: {values: rows('smooth')}, mark: {type: 'line', strokeWidth: 2.5}},
    ],
  })
}

/** A range around a value that never changes, which would otherwise have an axis without height. */
function flatDomain(rows: readonly {readonly y: number}[]) {
  const values = rows.map(({y}) => y)
  const [low, high] = [minOf(values), maxOf(values)]
  if (high > low) return {}
  const margin = Math.abs(low) / 10 || 1
  return {domain: [low - margin, low + margin]}
}
