import {colorBy, drawSvg, fixedSize} from '../src/core/report/svg.js'
import {maxOf, minOf} from '../src/core/util/extremes.js'
import type {Positive} from './exponents.js'

/** One line of a plot. */
export interface LogLogSeries {
  readonly name: string
  readonly points: readonly Positive[]
}

/** Lines on two logarithmic axes as SVG text, with a dashed line of slope 1 through each first point. */
export function plotLogLog(series: readonly LogLogSeries[], {title, x: xTitle}: {title: string; x: string}) {
  const measured = rowsOf(series)
  const sizes = [...new Set(measured.map(({x}) => x))].sort((a, b) => a - b)
  const range = [minOf(measured.map(({y}) => y)) / 1.3, maxOf(measured.map(({y}) => y)) * 1.3]
  const log = {type: 'log', nice: false}
  const encoding = {
    x: {
      field: 'x',
      type: 'quantitative',
      title: xTitle,
      scale: {...log, domain: [sizes[0], sizes.at(-1)]},
      axis: {values: sizes, format: 'd', grid: false, labelFlush: false},
    },
    y: {
      field: 'y',
      type: 'quantitative',
      title: null,
      scale: {...log, domain: range},
      axis: {tickCount: 6, format: '~r'},
    },
    color: {...colorBy(series.map(({name}) => name)), legend: {columns: 4}},
  }
  const linear = series.map(({name, points}) => ({name, points: slopeOne(points, range[1])}))
  return drawSvg({
    title,
    width: 420,
    height: 300,
    autosize: fixedSize,
    encoding,
    layer: [
      {data: {values: rowsOf(linear)}, mark: {type: 'line', strokeDash: [3, 4], strokeWidth: 1, opacity: 0.6}},
      {data: {values: measured}, mark: {type: 'line', strokeWidth: 2}},
      {data: {values: measured}, mark: {type: 'point', filled: true, size: 30, opacity: 1}},
    ],
  })
}

function rowsOf(series: readonly LogLogSeries[]) {
  return series.flatMap(({name, points}) => points.map(({x, y}) => ({name, x, y})))
}

/** From the first point as far as the sizes or the plot go. */
function slopeOne([first, ...rest]: readonly Positive[], highest: number): Positive[] {
  const reach = Math.min((rest.at(-1) ?? first).x / first.x, highest / first.y)
  return [first, {x: first.x * reach, y: first.y * reach}]
}
