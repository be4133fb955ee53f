// @ts-check
/** Numbers on an axis. Runs in Node and, as part of a page's script, in a browser. */

/**
 * Round values within a range, at steps of 1, 2 or 5 times a power of ten.
 *
 * @param {number} low
 * @param {number} high above `low`
 * @param {number} wanted about how many there should be
 * @returns {number[]}
 */
export function ticks(low, high, wanted) {
  const rough = (high - low) / Math.max(1, wanted)
  const power = 10 ** Math.floor(Math.log10(rough))
  // The geometric middle between two factors decides, so that there are about as many as wanted.
  const factor = [1, 2, 5].find((one, i) => rough / power < Math.sqrt(one * [2, 5, 10][i])) ?? 10
  const step = factor * power
  const first = Math.ceil(low / step - 1e-9)
  const count = Math.floor(high / step + 1e-9) - first + 1
  return Array.from({length: Math.max(0, count)}, (_, i) => Number(((first + i) * step).toPrecision(12)))
}

/**
 * A range a little wider than the values; around a value that never changes, one with a height.
 *
 * @param {number} low
 * @param {number} high
 * @returns {[number, number]}
 */
export function padded(low, high) {
  const margin = high > low ? (high - low) / 20 : Math.abs(low) / 10 || 1
  return [low - margin, high + margin]
}

/**
 * A number in at most four significant digits, with an exponent where it is very small or large.
 *
 * @param {number} value
 * @returns {string}
 */
export function digits(value) {
  const size = Math.abs(value)
  const text =
    size !== 0 && (size < 1e-3 || size >= 1e6)
      ? value.toExponential(2).replace('e+', 'e')
      : String(Number(value.toPrecision(4)))
  return text.replaceAll('-', '\u2212')
}

/**
 * The labels of ticks, with as many decimals as tell one from the next.
 *
 * @param {readonly number[]} values evenly spaced, as `ticks` gives them
 * @returns {string[]}
 */
export function tickLabels(values) {
  if (values.length < 2) return values.map(digits)
  const power = Math.floor(Math.log10(values[1] - values[0]) + 1e-9)
  const largest = Math.max(...values.map(Math.abs))
  const isPlain = largest >= 1e-3 && largest < 1e6
  const texts = values.map((value) => {
    if (isPlain || value === 0) return String(Number(value.toFixed(Math.max(0, -power))))
    const figures = Math.floor(Math.log10(Math.abs(value)) + 1e-9) - power
    return value.toExponential(Math.max(2, figures)).replace('e+', 'e')
  })
  return texts.map((text) => text.replaceAll('-', '\u2212'))
}
