const longest = 64

/** At most 64 bytes in quotes for a reader, control characters as JSON escapes them, bytes that are no UTF-8 as `\xNN`. */
export function quoteBytes(bytes: Uint8Array): string {
  const shown = bytes.subarray(0, longest)
  let quoted = ''
  for (let at = 0; at < shown.length; ) {
    const character = characterAt(shown, at)
    quoted +=
      character === null ? `\\x${shown[at].toString(16).padStart(2, '0')}` : JSON.stringify(character).slice(1, -1)
    at += character === null ? 1 : Buffer.byteLength(character)
  }
  return `"${quoted}"${bytes.length > longest ? '...' : ''}`
}

/** The UTF-8 character that starts here; null where none does. */
function characterAt(bytes: Uint8Array, at: number): string | null {
  const lead = bytes[at]
  const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  const encoded = Buffer.from(bytes.subarray(at, at + length))
  const character = encoded.toString()
  return Buffer.from(character).equals(encoded) ? character : null
}
