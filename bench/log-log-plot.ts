import {maxOf, minOf} from '../src/core/util/extremes.js'
import type {Positive} from './exponents.js'

/** One line of a plot. */
export interface LogLogSeries {
  readonly name: string
  readonly points: readonly Positive[]
}

const width = 420
const height = 300
const margin = {left: 62, right: 90, top: 34, bottom: 44}
const palette = ['#0072B2', '#D55E00', '#009E73', '#CC79A7']

/** Lines on two logarithmic axes as SVG text, with a dashed line of slope 1 through each first point. */
export function plotLogLog(series: readonly LogLogSeries[], {title, x: xTitle}: {title: string; x: string}): string {
  const points = series.flatMap((one) => one.points)
  const xs = [...new Set(points.map(({x}) => x))].sort((a, b) => a - b)
  const [low, high] = [minOf(points.map(({y}) => y)) / 1.3, maxOf(points.map(({y}) => y)) * 1.3]
  const toX = scale(xs[0], xs.at(-1)!, margin.left, width - margin.right)
  const toY = scale(low, high, height - margin.bottom, margin.top)
  const bottom = height - margin.bottom
  const right = width - margin.right
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`,
    ' font-family="system-ui, sans-serif" font-size="12" fill="#333">',
    `<title>${title}</title>`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    `<text x="${margin.left}" y="20" font-weight="600">${title}</text>`,
    ...xs.map((x) => text(toX(x), bottom + 18, 'middle', String(x))),
    text((margin.left + right) / 2, height - 8, 'middle', xTitle),
    ...ticks(low, high).flatMap((y) => [
      `<path d="M${margin.left} ${round(toY(y))}H${right}" stroke="#e8e8e8"/>`,
      text(margin.left - 6, toY(y) + 4, 'end', String(y)),
    ]),
    ...series.flatMap((one, i) => line(one, palette[i % palette.length], toX, toY, high)),
    '</svg>\n',
  ].join('\n')
}

function line(
  {name, points}: LogLogSeries,
  color: string,
  toX: (x: number) => number,
  toY: (y: number) => number,
  highest: number,
): string[] {
  const path = (all: readonly Positive[]) => `M${all.map(({x, y}) => `${round(toX(x))} ${round(toY(y))}`).join('L')}`
  const [first, last] = [points[0], points.at(-1)!]
  const reach = Math.min(last.x / first.x, highest / first.y)
  const linear = [first, {x: first.x * reach, y: first.y * reach}]
  return [
    `<path d="${path(linear)}" fill="none" stroke="${color}" stroke-dasharray="3 4" opacity="0.6"/>`,
    `<path d="${path(points)}" fill="none" stroke="${color}" stroke-width="2"/>`,
    ...points.map(({x, y}) => `<circle cx="${round(toX(x))}" cy="${round(toY(y))}" r="3" fill="${color}"/>`),
    text(toX(last.x) + 8, toY(last.y) + 4, 'start', name, color),
  ]
}

function scale(low: number, high: number, from: number, to: number): (value: number) => number {
  return (value) => from + ((Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low))) * (to - from)
}

/** Round values 1, 2 and 5 times a power of ten within a range. */
function ticks(low: number, high: number): number[] {
  const powers = Array.from({length: 24}, (_, i) => i - 12)
  const values = powers.flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`)))
  const inside = values.filter((value) => value >= low && value <= high)
  return inside.length <= 8 ? inside : inside.filter((value) => /^1/.test(value.toExponential()))
}

function text(x: number, y: number, anchor: string, content: string, color = '#333'): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" fill="${color}">${content}</text>`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
