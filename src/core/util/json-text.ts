const [quote, backslash] = [0x22, 0x5c]

/** Index after the string that begins at `start` of a JSON text; the text's length where it does not end. */
export function endOfString(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text.charCodeAt(at) !== quote) at += text.charCodeAt(at) === backslash ? 2 : 1
  return Math.min(at + 1, text.length)
}

const nonFinite = /(?<![\w.])(?:NaN|-?Infinity)(?![\w.])/g

/**
 * The value of a JSON text in which, outside of strings, `NaN`, `Infinity` and `-Infinity` may stand: Python writes them.
 * They become null.
 *
 * @throws {SyntaxError} of `JSON.parse` when it is no JSON even so
 */
export function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const plain = mapOutsideStrings(text, (piece) => piece.replaceAll(nonFinite, 'null'))
    if (plain === text) throw error
    return JSON.parse(plain)
  }
}

function mapOutsideStrings(text: string, map: (piece: string) => string): string {
  const pieces: string[] = []
  for (let at = 0; at < text.length; ) {
    const start = text.indexOf('"', at)
    if (start < 0) return [...pieces, map(text.slice(at))].join('')
    const end = endOfString(text, start)
    pieces.push(map(text.slice(at, start)), text.slice(start, end))
    at = end
  }
  return pieces.join('')
}

/** Characters that a reader of a message cannot see, or takes for a space. */
const names: Readonly<Record<string, string>> = {
  '\ufeff': 'byte order mark',
  '\u00a0': 'no-break space',
  '\u200b': 'zero-width space',
}

/** A piece of a foreign text on one line, with what cannot be seen in it named. */
export function withUnseenNamed(text: string): string {
  return text.replaceAll(/[\t\n\r\f\v ]+/g, ' ').replaceAll(/[^\S ]|\p{C}/gu, (character) => {
    const code = `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`
    const name = names[character]
    return name ? `<${code} ${name}>` : `<${code}>`
  })
}

/** Why a text is not JSON: what `JSON.parse` said, or the number that JSON does not have. */
export function jsonFault(text: string, error: Error): string {
  let first: string | undefined
  mapOutsideStrings(text, (piece) => {
    first ??= piece.match(nonFinite)?.[0]
    return piece
  })
  const said = withUnseenNamed(error.message)
  return first === undefined ? said : `it holds ${first}, which JSON does not have: ${said}`
}
