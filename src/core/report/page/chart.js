// @ts-check
import {padded, tickLabels, ticks} from './scale.js'

/**
 * Metrics by step, drawn as SVG. The same function draws the page as it is written and, in a browser, what a reader zooms to.
 *
 * @typedef {object} ChartCurve
 * @property {string} name
 * @property {number} color index of its colour and dashes
 * @property {readonly number[]} steps ascending
 * @property {readonly number[]} values as they were measured, one a step
 * @property {readonly number[]} trend smoothed, one a step
 *
 * @typedef {object} Chart
 * @property {string} title
 * @property {readonly ChartCurve[]} curves
 *
 * @typedef {object} ChartView what is seen of a chart
 * @property {number} width of the whole drawing, in CSS pixels
 * @property {number} height
 * @property {readonly [number, number]} [range] steps that are shown; all when absent
 *
 * @typedef {object} ChartLayout where values lie in the drawing
 * @property {number} left
 * @property {number} right
 * @property {number} top
 * @property {number} bottom
 * @property {readonly [number, number]} x steps at the left and the right end
 * @property {readonly [number, number]} y values at the lower and the upper end
 */

/** Okabe and Ito's colours, told apart with any kind of colour vision; a page may give its own for a dark background. */
const colors = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#B8860B', '#2A9FD6', '#555555']
const dashes = ['none', '7 3', '2 3']
/** Of a legend, one for each kind of dashes. */
const borders = ['solid', 'dashed', 'dotted']
const textSize = 12

/**
 * The colour of a curve, as a CSS value.
 *
 * @param {number} index
 * @returns {string}
 */
export function colorOf(index) {
  const place = index % colors.length
  return `var(--curve-${place}, ${colors[place]})`
}

/**
 * The dashes of a curve: others where colours repeat.
 *
 * @param {number} index
 * @returns {string}
 */
function dashesOf(index) {
  return dashes[Math.floor(index / colors.length) % dashes.length]
}

/**
 * A piece of a curve for a legend, as a CSS border: its colour, and a kind of line for its dashes.
 *
 * @param {number} index
 * @returns {string}
 */
export function curveKey(index) {
  return `3px ${borders[dashes.indexOf(dashesOf(index))]} ${colorOf(index)}`
}

/**
 * The first and the last step of a chart; a step apart where there is only one.
 *
 * @param {Chart} chart
 * @returns {[number, number]}
 */
export function stepsOf({curves}) {
  const first = Math.min(...curves.map(({steps}) => steps[0]))
  const last = Math.max(...curves.map(({steps}) => steps[steps.length - 1]))
  return last > first ? [first, last] : [first - 0.5, first + 0.5]
}

/**
 * Where the values of a chart lie; the values that are seen fill its height.
 *
 * @param {Chart} chart
 * @param {ChartView} view
 * @returns {ChartLayout}
 */
export function layoutOf(chart, {width, height, range = stepsOf(chart)}) {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const {steps, values} of chart.curves)
    for (const [, value] of seenPoints(steps, values, range)) {
      low = Math.min(low, value)
      high = Math.max(high, value)
    }
  const y = low <= high ? padded(low, high) : /** @type {[number, number]} */ ([0, 1])
  const labels = tickLabels(yTicks(y, height)).map((label) => label.length)
  const left = 14 + textSize * 0.6 * Math.max(1, ...labels)
  return {left, right: width - 10, top: 26, bottom: height - 34, x: range, y}
}

/**
 * The points of a curve within a range, and where the line to a neighbour outside crosses its ends.
 *
 * @param {readonly number[]} steps ascending
 * @param {readonly number[]} values one a step
 * @param {readonly [number, number]} range
 * @returns {[number, number][]} step and value
 */
function seenPoints(steps, values, [low, high]) {
  /** @type {[number, number][]} */
  const points = []
  for (let i = 0; i < steps.length; i++) {
    for (const end of [low, high])
      if (i > 0 && steps[i - 1] < end && end < steps[i]) {
        const share = (end - steps[i - 1]) / (steps[i] - steps[i - 1])
        points.push([end, values[i - 1] + share * (values[i] - values[i - 1])])
      }
    if (steps[i] >= low && steps[i] <= high) points.push([steps[i], values[i]])
  }
  return points
}

/**
 * A chart as SVG text: values faint, their trend on top.
 *
 * @param {Chart} chart
 * @param {ChartView & {background?: string}} view
 * @returns {string}
 */
export function drawChart(chart, view) {
  const {width, height, background} = view
  const layout = layoutOf(chart, view)
  const paths = chart.curves.flatMap((curve) => [
    path(curve, curve.values, layout, 'stroke-width="1" opacity="0.4"'),
    path(curve, curve.trend, layout, `stroke-width="2.25" stroke-dasharray="${dashesOf(curve.color)}"`),
  ])
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="curves" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="${textSize}">`,
    ...(background ? [`<rect width="${width}" height="${height}" fill="${background}"/>`] : []),
    `<text x="2" y="14" font-size="13" font-weight="600" fill="var(--ink, #222)">${escaped(chart.title)}</text>`,
    ...axes(layout, width, height),
    ...paths,
    '</svg>',
  ].join('')
}

/**
 * @param {readonly [number, number]} y
 * @param {number} height
 */
function yTicks([low, high], height) {
  return ticks(low, high, Math.max(2, Math.round(height / 55)))
}

/**
 * @param {ChartLayout} layout
 * @param {number} width
 * @param {number} height
 */
function axes(layout, width, height) {
  const {left, right, top, bottom, x, y} = layout
  const steps = ticks(x[0], x[1], Math.max(2, Math.round(width / 110))).filter(Number.isInteger)
  const soft = 'fill="var(--soft, #444)"'
  const values = yTicks(y, height)
  const labels = tickLabels(values)
  const rows = values.map((value, i) => {
    const at = fixed(yAt(layout, value))
    return (
      `<path d="M${fixed(left)} ${at}H${right}" stroke="var(--grid, #e8e8e8)"/>` +
      `<text x="${fixed(left - 6)}" y="${at}" dy=".35em" text-anchor="end" ${soft}>${labels[i]}</text>`
    )
  })
  const columns = steps.map((step) => {
    const at = fixed(xAt(layout, step))
    return (
      `<path d="M${at} ${bottom}v4" stroke="var(--axis, #888)"/>` +
      `<text class="step" x="${at}" y="${bottom + 17}" text-anchor="middle" ${soft}>${step}</text>`
    )
  })
  return [
    ...rows,
    `<path d="M${fixed(left)} ${top}V${bottom}H${right}" fill="none" stroke="var(--axis, #888)"/>`,
    ...columns,
    `<text x="${fixed((left + right) / 2)}" y="${height - 4}" text-anchor="middle" ${soft}>step</text>`,
  ]
}

/**
 * @param {ChartCurve} curve
 * @param {readonly number[]} values
 * @param {ChartLayout} layout
 * @param {string} look
 */
function path({name, color, steps}, values, layout, look) {
  const points = seenPoints(steps, values, layout.x).map(
    ([step, value]) => `${fixed(xAt(layout, step))} ${fixed(yAt(layout, value))}`,
  )
  const [only] = points
  if (points.length === 1) points.push(only)
  const line = points.length > 0 ? `M${points.join('L')}` : ''
  return `<path d="${line}" fill="none" stroke="${colorOf(color)}" stroke-linejoin="round" stroke-linecap="round" ${look}><title>${escaped(name)}</title></path>`
}

/**
 * The place of a step, in CSS pixels from the left.
 *
 * @param {ChartLayout} layout
 * @param {number} step
 * @returns {number}
 */
export function xAt({left, right, x}, step) {
  return left + ((step - x[0]) / (x[1] - x[0])) * (right - left)
}

/**
 * The place of a value, in CSS pixels from the top.
 *
 * @param {ChartLayout} layout
 * @param {number} value
 * @returns {number}
 */
export function yAt({top, bottom, y}, value) {
  return bottom - ((value - y[0]) / (y[1] - y[0])) * (bottom - top)
}

/** @param {number} value */
function fixed(value) {
  return String(Math.round(value * 10) / 10)
}

/** @param {string} text */
function escaped(text) {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}
