// @ts-check
/** Text of strangers as a page shows it. Runs in Node and, as part of a page's script, in a browser. */

/** C0 and C1 controls, DEL, and the marks that turn the direction of the text around them, as `visible` has them. */
const unseen = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu

/**
 * Controls as their pictures, others that are not seen as `\x85` or `\u{202e}`; tabs and line ends stay.
 *
 * @param {string} text
 * @returns {string}
 */
export function readable(text) {
  return text.replace(unseen, (character) => {
    const code = character.charCodeAt(0)
    if (character === '\n' || character === '\t') return character
    if (code < 0x20) return String.fromCharCode(0x2400 + code)
    if (code === 0x7f) return '\u2421'
    const digits = code.toString(16)
    return digits.length <= 2 ? `\\x${digits}` : `\\u{${digits}}`
  })
}
