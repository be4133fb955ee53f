/** Bytes in quotes for a reader: control characters escaped as JSON does, bytes that are no UTF-8 as \xNN. */
export function quoteBytes(bytes: Uint8Array): string {
  const decoder = new TextDecoder('utf-8', {fatal: true})
  let quoted = ''
  let at = 0
  while (at < bytes.length) {
    const length = characterLength(bytes, at, decoder)
    quoted +=
      length === 0
        ? `\\x${bytes[at].toString(16).padStart(2, '0')}`
        : JSON.stringify(decoder.decode(bytes.subarray(at, at + length))).slice(1, -1)
    at += Math.max(1, length)
  }
  return `"${quoted}"`
}

/** Length of the UTF-8 character that starts here; 0 where none does. */
function characterLength(bytes: Uint8Array, at: number, decoder: InstanceType<typeof TextDecoder>): number {
  const lead = bytes[at]
  const length = lead < 0x80 ? 1 : lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  if (length === 0 || at + length > bytes.length) return 0
  try {
    decoder.decode(bytes.subarray(at, at + length))
    return length
  } catch {
    return 0
  }
}
