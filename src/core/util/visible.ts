/** C0 and C1 controls, DEL, and the marks that turn the direction of the text around them. */
const unseen = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu

/**
 * Text of strangers made safe for a terminal: controls are shown as `\x1b`, marks of direction as `\u{202e}`.
 *
 * Line ends stay, because messages have several lines; see `visibleLine`.
 */
export function visible(text: string): string {
  return text.replace(unseen, (character) => (character === '\n' ? character : escaped(character)))
}

/** The same for text that has to stay on one line: line ends are shown too. */
export function visibleLine(text: string): string {
  return text.replace(unseen, escaped)
}

function escaped(character: string): string {
  const code = character.charCodeAt(0).toString(16)
  return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u{${code}}`
}
