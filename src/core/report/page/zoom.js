// @ts-check
/**
 * Places and steps of a chart: what is pointed at, and what a reader zooms to.
 *
 * @typedef {import('./chart.js').Chart} Chart
 * @typedef {import('./chart.js').ChartLayout} ChartLayout
 * @typedef {readonly [number, number]} Range the first and the last step that are shown
 */

/** A drag over fewer CSS pixels is a click. */
const shortestDrag = 6

/**
 * The step at a place, within what is shown.
 *
 * @param {ChartLayout} layout
 * @param {number} place in CSS pixels from the left
 * @returns {number}
 */
export function stepAt({left, right, x}, place) {
  const share = Math.min(1, Math.max(0, (place - left) / (right - left)))
  return x[0] + share * (x[1] - x[0])
}

/**
 * A place, or the end of the chart's field that is nearest to it.
 *
 * @param {ChartLayout} layout
 * @param {number} place in CSS pixels from the left
 * @returns {number}
 */
export function withinField({left, right}, place) {
  return Math.min(right, Math.max(left, place))
}

/**
 * The steps that a drag leaves; null where hardly any of it is over the chart's field.
 *
 * @param {ChartLayout} layout
 * @param {readonly [number, number]} drag where it began and ended, in CSS pixels from the left
 * @returns {[number, number] | null}
 */
export function draggedSteps(layout, drag) {
  const [first, last] = drag.map((place) => withinField(layout, place)).sort((a, b) => a - b)
  return last - first < shortestDrag ? null : [stepAt(layout, first), stepAt(layout, last)]
}

/**
 * The index of the step nearest to `step` in ascending steps.
 *
 * @param {readonly number[]} steps
 * @param {number} step
 * @returns {number}
 */
export function nearestStep(steps, step) {
  let [low, high] = [0, steps.length - 1]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (steps[middle] <= step) low = middle
    else high = middle
  }
  return Math.abs(steps[high] - step) < Math.abs(steps[low] - step) ? high : low
}

/**
 * The range that a zoom by `factor` about a step leaves; never more than the chart has, never less than `least` steps.
 *
 * @param {Range} range
 * @param {Range} whole
 * @param {number} about
 * @param {number} factor below 1 zooms in
 * @param {number} [least]
 * @returns {[number, number]}
 */
export function zoomed(range, whole, about, factor, least = 2) {
  const width = range[1] - range[0]
  const span = Math.min(whole[1] - whole[0], Math.max(least, width * factor))
  const share = width > 0 ? (about - range[0]) / width : 0.5
  const start = Math.min(whole[1] - span, Math.max(whole[0], about - share * span))
  return [start, start + span]
}

/**
 * The fewest steps that a zoom leaves: so many that the closest curve has a point among them.
 *
 * @param {Chart} chart
 * @returns {number}
 */
export function leastSpan({curves}) {
  const gaps = curves.map(({steps}) => (steps[steps.length - 1] - steps[0]) / Math.max(1, steps.length - 1))
  return Math.max(2, 2 * Math.min(...gaps))
}

/**
 * The step of any curve within a range that is nearest to `step`; null where there is none.
 *
 * @param {Chart} chart
 * @param {Range} range
 * @param {number} step
 * @returns {number | null}
 */
export function nearestSeen({curves}, [low, high], step) {
  const near = curves.flatMap(({steps}) => {
    const seen = steps.filter((one) => one >= low && one <= high)
    return seen.length > 0 ? [seen[nearestStep(seen, step)]] : []
  })
  return near.length > 0
    ? near[
        nearestStep(
          near.sort((a, b) => a - b),
          step,
        )
      ]
    : null
}

/**
 * The step that an arrow key goes to: from a cursor the next one of any curve, else the first or the last that is seen.
 *
 * @param {Chart} chart
 * @param {Range} range
 * @param {number | null} cursor
 * @param {number} direction 1 to later steps, -1 to earlier ones
 * @returns {number | null} null where there is none
 */
export function nextStep(chart, range, cursor, direction) {
  if (cursor === null) return nearestSeen(chart, range, direction > 0 ? range[0] : range[1])
  const ahead = chart.curves.flatMap(({steps}) => {
    const next = direction > 0 ? steps.find((step) => step > cursor) : steps.findLast((step) => step < cursor)
    return next === undefined ? [] : [next]
  })
  if (ahead.length === 0) return null
  return direction > 0 ? Math.min(...ahead) : Math.max(...ahead)
}
