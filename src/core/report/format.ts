import {readable} from './page/readable.js'

/** Accuracy in [0, 1] as the paper prints it, without the sign: 0.3456 -> `34.6`; `-` where there is none. */
export function percent(share: number | null | undefined): string {
  return share === null || share === undefined || Number.isNaN(share) ? '-' : (100 * share).toFixed(1)
}

/** A difference in percentage points with its sign: 0.035 -> `+3.5`. */
export function points(difference: number): string {
  if (Number.isNaN(difference)) return '-'
  const text = (100 * difference).toFixed(1)
  return Number(text) > 0 ? `+${text}` : text.replace('-', '\u2212')
}

/** A number in as few characters as three significant digits need: `0.0123`, `12.3`, `1.23e+12`. */
export function short(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '-'
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2).replace('e+', 'e')
  return Number.isInteger(value) ? String(value) : Number(value.toPrecision(3)).toString()
}

const entities: Readonly<Record<string, string>> = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;'}

/** Text made safe for HTML content and quoted attributes; what is not seen is shown, see `readable`. */
export function escapeHtml(text: string): string {
  return readable(text).replace(/[&<>"']/g, (character) => entities[character])
}

/** The end of a text, at most `length` characters, with an ellipsis where something was cut. */
export function tail(text: string, length: number): string {
  const characters = [...text]
  return characters.length <= length ? text : `…${characters.slice(characters.length - length + 1).join('')}`
}
