import {maxOf, minOf} from '../util/extremes.js'
import type {PlotPoint} from './figures.js'
import {short} from './format.js'

/** Columns of a plot where there is room for it. */
export const plotWidth = 72

/** Size, axes and labels of a plot. */
export interface TerminalPlotOptions {
  /** Columns and rows of the whole plot, axes included. */
  readonly width?: number
  readonly height?: number
  readonly isLogX?: boolean
  readonly xLabel?: string
  readonly yLabel?: string
}

/** Braille dots of a 2 x 4 cell, by column then row from the top. */
const dots = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
]

/**
 * A curve as lines of text: braille dots with labelled axes, no colour.
 *
 * Points that are not finite (and x <= 0 on a logarithmic axis) are left out; with none left the one line says so.
 */
export function terminalPlot(
  curve: readonly PlotPoint[],
  {width = plotWidth, height = 14, isLogX = false, xLabel = '', yLabel = ''}: TerminalPlotOptions = {},
): string[] {
  const toX = (x: number) => (isLogX ? Math.log10(x) : x)
  const shown = curve.filter(({x, y}) => Number.isFinite(toX(x)) && Number.isFinite(y)).sort((a, b) => a.x - b.x)
  if (shown.length === 0) return ['(no points to plot)']
  const [yLow, yHigh] = widened(shown.map(({y}) => y))
  const xs = shown.map(({x}) => x)
  const [xLow, xHigh] = [toX(xs[0]), toX(xs[xs.length - 1])]
  const rows = Math.max(3, height - 2 - (yLabel ? 1 : 0))
  const labels = [short(yHigh), short((yLow + yHigh) / 2), short(yLow)]
  const gutter = maxOf(labels.map(({length}) => length))
  const columns = Math.max(8, width - gutter - 2)
  const canvas = new BrailleCanvas(columns, rows)
  const toDot = ({x, y}: PlotPoint): [number, number] => [
    xHigh > xLow ? ((toX(x) - xLow) / (xHigh - xLow)) * (2 * columns - 1) : columns,
    (1 - (y - yLow) / (yHigh - yLow)) * (4 * rows - 1),
  ]
  for (const [i, point] of shown.entries()) canvas.line(toDot(shown[Math.max(0, i - 1)]), toDot(point))
  const labelAt = new Map([
    [0, labels[0]],
    [Math.floor((rows - 1) / 2), labels[1]],
    [rows - 1, labels[2]],
  ])
  const body = canvas.rows().map((row, i) => {
    const label = labelAt.get(i)
    return `${(label ?? '').padStart(gutter)} ${label === undefined ? '│' : '┤'}${row}`.trimEnd()
  })
  const indent = ' '.repeat(gutter + 1)
  const [left, right] = [short(xs[0]), short(xs[xs.length - 1])]
  const free = Math.max(2, columns - left.length - right.length)
  const middle = xLabel.length + 2 <= free ? xLabel : ''
  const before = Math.floor((free - middle.length) / 2)
  const footer = `${indent} ${left}${' '.repeat(before)}${middle}${' '.repeat(free - before - middle.length)}${right}`
  const header = yLabel ? [`${indent} ${yLabel}`] : []
  return [...header, ...body, `${indent}└${'─'.repeat(columns)}`, footer]
}

/** The range of values, opened where all are equal so that it has a height. */
function widened(values: readonly number[]): [number, number] {
  const [low, high] = [minOf(values), maxOf(values)]
  if (high > low) return [low, high]
  const margin = Math.abs(low) / 10 || 1
  return [low - margin, high + margin]
}

class BrailleCanvas {
  private readonly cells: Uint8Array

  constructor(
    private readonly columns: number,
    private readonly rowCount: number,
  ) {
    this.cells = new Uint8Array(columns * rowCount)
  }

  line([x0, y0]: [number, number], [x1, y1]: [number, number]): void {
    const steps = Math.max(1, Math.ceil(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0))))
    for (let i = 0; i <= steps; i++) {
      const x = Math.round(x0 + ((x1 - x0) * i) / steps)
      const y = Math.round(y0 + ((y1 - y0) * i) / steps)
      this.cells[(y >> 2) * this.columns + (x >> 1)] |= dots[x & 1][y & 3]
    }
  }

  rows(): string[] {
    return Array.from({length: this.rowCount}, (_, row) =>
      Array.from(this.cells.subarray(row * this.columns, (row + 1) * this.columns), (cell) =>
        cell === 0 ? ' ' : String.fromCharCode(0x2800 + cell),
      ).join(''),
    )
  }
}
