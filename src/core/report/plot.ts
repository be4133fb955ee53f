import type {TopLevelSpec} from 'vega-lite'
import {type PowerLaw, predictAccuracy} from '../statistics/power-law.js'
import {maxOf, minOf} from '../util/extremes.js'
import type {PlotPoint} from './terminal-plot.js'

/** Figures as SVG text, drawn by vega-lite without a browser; the only file that imports vega. */

/** One named line of a figure. */
export interface Curve {
  readonly name: string
  readonly points: readonly PlotPoint[]
}

/** An accuracy in [0, 1] with its 95% interval; NaN where there is none. */
export interface Measured {
  readonly accuracy: number
  readonly ciLow: number
  readonly ciHigh: number
}

/** One curve of a scaling figure, with its fit where there is one. */
export interface ScalingSeries {
  readonly name: string
  readonly points: readonly (Measured & {readonly compute: number})[]
  readonly fit?: PowerLaw
}

/** A horizontal mark to compare with, e.g. the base model's argmax accuracy. */
export interface ReferenceLine {
  readonly name: string
  readonly accuracy: number
}

/** One row of the accuracy figure: a model in a mode, on the splits it was evaluated on. */
export interface AccuracyRow {
  readonly name: string
  readonly splits: Readonly<Record<string, Measured>>
}

/** Okabe and Ito's colours, told apart with any kind of colour vision. */
const palette = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000']
const config = {
  font: 'system-ui, sans-serif',
  background: 'white',
  view: {stroke: null},
  axis: {
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: 'normal',
    labelColor: '#333',
    titleColor: '#333',
    gridColor: '#e8e8e8',
    domainColor: '#888',
    tickColor: '#888',
  },
  title: {fontSize: 13, fontWeight: 600, anchor: 'start', color: '#222'},
  legend: {labelFontSize: 12, title: null, orient: 'top', labelLimit: 400, symbolStrokeWidth: 2.5, symbolOpacity: 1},
} as const

/** Axes and legends inside the given size, so that figures side by side match. */
const fixedSize = {type: 'fit', contains: 'padding'}

type Layer = Record<string, unknown>

async function draw(spec: Layer): Promise<string> {
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')])
  const compiled = vegaLite.compile({...spec, config, padding: 8} as unknown as TopLevelSpec)
  const view = new vega.View(vega.parse(compiled.spec), {renderer: 'none', logLevel: vega.Error})
  try {
    return await view.toSVG()
  } finally {
    view.finalize()
  }
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

/** Metrics by step: raw values faint, a moving average over a tenth of the run on top. */
export async function plotCurves(
  curves: readonly Curve[],
  title: string,
  {width = 700, height = 260, names = curves.map(({name}) => name)}: CurveOptions = {},
): Promise<string> {
  const rows = (kind: 'raw' | 'smooth') =>
    curves.flatMap(({name, points}) =>
      (kind === 'raw' ? points : smooth(points, Math.ceil(points.length / 10))).map(({x, y}) => ({name, x, y})),
    )
  const encoding = {
    x: {field: 'x', type: 'quantitative', title: 'step', scale: {nice: false}},
    y: {field: 'y', type: 'quantitative', title: null, scale: {zero: false, ...flatDomain(rows('raw'))}},
    color: colorBy(names),
  }
  return draw({
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

/** How curves are drawn. */
export interface CurveOptions {
  /** Of the whole figure, in CSS pixels. */
  readonly width?: number
  readonly height?: number
  /** All names of the page, so that a name has one colour throughout. */
  readonly names?: readonly string[]
}

/** A range around a value that never changes, which would otherwise have an axis without height. */
function flatDomain(rows: readonly {readonly y: number}[]) {
  const values = rows.map(({y}) => y)
  const [low, high] = [minOf(values), maxOf(values)]
  if (high > low) return {}
  const margin = Math.abs(low) / 10 || 1
  return {domain: [low - margin, low + margin]}
}

/** Accuracy against compute with intervals and fitted curves (Figure 5 of the paper), compute on a logarithmic axis. */
export async function plotScaling(
  series: readonly ScalingSeries[],
  {title, references = [], yDomain}: ScalingPlotOptions,
): Promise<string> {
  const measured = series.flatMap(({name, points}) =>
    points.map((point) => ({name, ...inPercent(point), x: point.compute})),
  )
  const range = measured.map(({x}) => x)
  const domain = [minOf(range) / 1.15, maxOf(range) * 1.15]
  const x = {
    field: 'x',
    type: 'quantitative',
    title: 'training compute, FLOPs',
    scale: {type: 'log', nice: false, domain},
  }
  const axis = {...x, axis: {format: '.0e', tickCount: 5, labelOverlap: true, grid: false}}
  const y = {
    type: 'quantitative',
    title: 'accuracy, %',
    scale: {zero: false, domain: yDomain?.map((value) => 100 * value)},
  }
  const names = series.map(({name}) => name)
  const color = colorBy(names, 'name', 1)
  const lines = references.map(({name, accuracy}) => ({name, y: 100 * accuracy, x: domain[0]}))
  return draw({
    title,
    width: 330,
    height: 300,
    autosize: fixedSize,
    layer: [
      {
        data: {values: lines},
        mark: {type: 'rule', strokeDash: [4, 3], stroke: '#777'},
        encoding: {y: {...y, field: 'y'}},
      },
      {
        data: {values: lines},
        mark: {type: 'text', align: 'left', dx: 4, dy: -6, color: '#555', fontSize: 11},
        encoding: {x: axis, y: {...y, field: 'y'}, text: {field: 'name'}},
      },
      {
        data: {values: fittedRows(series)},
        mark: {type: 'line', strokeWidth: 2},
        encoding: {x: axis, y: {...y, field: 'y'}, color},
      },
      {
        data: {values: measured},
        mark: {type: 'rule', strokeWidth: 1.5},
        encoding: {x: axis, y: {...y, field: 'low'}, y2: {field: 'high'}, color},
      },
      {
        data: {values: measured},
        mark: {type: 'point', filled: true, size: 45, opacity: 1},
        encoding: {x: axis, y: {...y, field: 'y'}, color},
      },
    ],
  })
}

/** How a scaling figure is drawn. */
export interface ScalingPlotOptions {
  readonly title: string
  readonly references?: readonly ReferenceLine[]
  /** Range of accuracy in [0, 1], to give several figures the same axis. */
  readonly yDomain?: readonly [number, number]
}

/** Accuracy with intervals, one line per model and mode, one colour and offset per split (the shape of Table 1). */
export async function plotAccuracies(rows: readonly AccuracyRow[]): Promise<string> {
  const splits = [...new Set(rows.flatMap((row) => Object.keys(row.splits)))]
  const values = rows.flatMap(({name, splits: cells}) =>
    Object.entries(cells).map(([split, cell]) => ({name, split, ...inPercent(cell)})),
  )
  const names = rows.map(({name}) => name)
  const y = {field: 'name', type: 'nominal', title: null, sort: names, scale: {padding: 0.35}}
  const axis = {...y, axis: {labelLimit: 320, ticks: false, domain: false, labelPadding: 8}}
  const shared = {y: axis, yOffset: {field: 'split', type: 'nominal', sort: splits}, color: colorBy(splits, 'split')}
  const x = {type: 'quantitative', title: 'next-token accuracy, % (95% interval)', scale: {domainMin: 0}}
  return draw({
    width: 460,
    height: {step: 12, for: 'offset'},
    data: {values},
    layer: [
      {
        mark: {type: 'rule', strokeWidth: 2},
        encoding: {...shared, x: {...x, field: 'low'}, x2: {field: 'high'}},
      },
      {mark: {type: 'point', filled: true, size: 55, opacity: 1}, encoding: {...shared, x: {...x, field: 'y'}}},
    ],
  })
}

function colorBy(names: readonly string[], field = 'name', columns = 4) {
  const domain = [...new Set(names)]
  return {
    field,
    type: 'nominal',
    scale: {domain, range: domain.map((_, i) => palette[i % palette.length])},
    legend: domain.length > 1 ? {columns} : null,
  }
}

function inPercent({accuracy, ciLow, ciHigh}: Measured) {
  const known = (value: number) => (Number.isFinite(value) ? 100 * value : 100 * accuracy)
  return {y: 100 * accuracy, low: known(ciLow), high: known(ciHigh)}
}

function fittedRows(series: readonly ScalingSeries[]) {
  return series.flatMap(({name, points, fit}) => {
    if (!fit) return []
    const logs = points.filter(({compute}) => compute > 0).map(({compute}) => Math.log(compute))
    const [low, high] = [minOf(logs), maxOf(logs)]
    return Array.from({length: 60}, (_, i) => {
      const x = Math.exp(low + ((high - low) * i) / 59)
      return {name, x, y: 100 * predictAccuracy(fit, x)}
    })
  })
}
