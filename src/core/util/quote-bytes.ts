const longestShort = 64

/** Bytes in quotes for a reader, control characters as JSON escapes them, bytes that are no UTF-8 as `\xNN`. */
export function quoteBytes(bytes: Uint8Array): string {
  let quoted = ''
  for (let at = 0; at < bytes.length; ) {
    const character = characterAt(bytes, at)
    quoted +=
      character === null ? `\\x${bytes[at].toString(16).padStart(2, '0')}` : JSON.stringify(character).slice(1, -1)
    at += character === null ? 1 : Buffer.byteLength(character)
  }
  return `"${quoted}"`
}

/** The same of at most 64 bytes, with `...` behind the quotes where there are more. */
export function quoteShort(bytes: Uint8Array): string {
  return `${quoteBytes(bytes.subarray(0, longestShort))}${bytes.length > longestShort ? '...' : ''}`
}

/** The UTF-8 character that starts here; null where none does. */
function characterAt(bytes: Uint8Array, at: number): string | null {
  const lead = bytes[at]
  const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  const encoded = Buffer.from(bytes.subarray(at, at + length))
  const character = encoded.toString()
  return Buffer.from(character).equals(encoded) ? character : null
}
