import {predictAccuracy} from '../statistics/power-law.js'
import {maxOf, minOf} from '../util/extremes.js'
import {inPercent, type ScalingFigure, type ScalingSeries} from './figures.js'
import {short} from './format.js'
import {colorBy, drawSvg, fixedSize} from './svg.js'

/** Accuracy against compute with intervals and fitted curves (Figure 5 of the paper), compute on a logarithmic axis. */
export async function plotScaling({split, series, references, yDomain}: ScalingFigure): Promise<string> {
  const measured = series.flatMap(({name, points}) =>
    points.map((point) => {
      const {y, low, high} = inPercent(point)
      const label = `${name}, ${short(point.compute)} FLOPs: ${y.toFixed(1)}% [${low.toFixed(1)}, ${high.toFixed(1)}]`
      return {name, y, low, high, x: point.compute, label}
    }),
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
  return drawSvg({
    title: split,
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
        encoding: {x: axis, y: {...y, field: 'y'}, color, description: {field: 'label', type: 'nominal'}},
      },
    ],
  })
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
