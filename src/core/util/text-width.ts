import stringWidth from 'string-width'

/** Columns that a text takes in a terminal: two for a character of East Asian scripts or an emoji, none for what sets colours. */
export function textWidth(text: string): number {
  return stringWidth(text)
}

/** A text with spaces behind it, or before it, so that it takes that many columns; one that takes more as it is. */
export function padText(text: string, columns: number, spaces: 'behind' | 'before' = 'behind'): string {
  const padding = ' '.repeat(Math.max(0, columns - textWidth(text)))
  return spaces === 'behind' ? text + padding : padding + text
}
