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
