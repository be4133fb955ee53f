// @ts-check
/**
 * Bytes as a reader sees them, one by one.
 *
 * @typedef {object} ByteCell one character, or one byte that belongs to none
 * @property {string} text what is shown
 * @property {number} start first byte
 * @property {number} end behind its last byte
 * @property {boolean} isPlain whether it is shown as itself
 */

const shownAs = new Map([
  [' ', '\u00b7'],
  ['\n', '\u21b5'],
  ['\t', '\u21e5'],
  ['\r', '\u240d'],
])

/**
 * The cells of bytes: characters of UTF-8, spaces and line ends as signs, everything else in hexadecimal digits.
 *
 * @param {Uint8Array} bytes
 * @returns {ByteCell[]}
 */
export function cellsOf(bytes) {
  const cells = []
  for (let start = 0; start < bytes.length; ) {
    const character = characterAt(bytes, start)
    const end = start + (character === null ? 1 : new TextEncoder().encode(character).length)
    const sign = character === null ? undefined : shownAs.get(character)
    const isPlain = character !== null && sign === undefined && !/[\p{C}\p{Z}\p{M}]/u.test(character)
    const text = isPlain ? /** @type {string} */ (character) : (sign ?? hex(bytes.subarray(start, end)))
    cells.push({text, start, end, isPlain})
    start = end
  }
  return cells
}

/** @param {Uint8Array} bytes */
function hex(bytes) {
  return Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
}

/**
 * The character of UTF-8 that starts here; null where none does.
 *
 * @param {Uint8Array} bytes
 * @param {number} start
 * @returns {string | null}
 */
function characterAt(bytes, start) {
  const lead = bytes[start]
  const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  try {
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes.subarray(start, start + length))
  } catch {
    return null
  }
}

/**
 * How many bytes two byte strings share from their start.
 *
 * @param {Uint8Array} a
 * @param {Uint8Array} b
 * @returns {number}
 */
export function sharedBytes(a, b) {
  let length = 0
  while (length < a.length && length < b.length && a[length] === b[length]) length++
  return length
}

/**
 * Bytes from hexadecimal digits, two a byte.
 *
 * @param {string} digits
 * @returns {Uint8Array}
 */
export function fromHex(digits) {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
