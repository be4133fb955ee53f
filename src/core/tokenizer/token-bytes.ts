/** How the text of a token stands for bytes. */
export type ByteAlphabet = 'byte-level' | 'byte-fallback'

/**
 * The bytes that one token of the vocabulary stands for.
 *
 * Byte-level tokens spell every byte as one printable character; tokens with byte fallback are text in which U+2581 is a
 * space and `<0xNN>` is a single byte.
 */
export function tokenBytes(token: string, alphabet: ByteAlphabet): Uint8Array {
  if (alphabet === 'byte-level') return Uint8Array.from(token, (character) => byteOfCharacter.get(character) ?? 0x3f)
  const single = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)
  return single
    ? Uint8Array.of(Number.parseInt(single[1], 16))
    : new TextEncoder().encode(token.replaceAll('\u2581', ' '))
}

/** Printable stand-in of each byte: itself where printable, else the next free character from U+0100. */
const byteOfCharacter = new Map(
  (() => {
    const isPrintable = (byte: number) =>
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff)
    let next = 0x100
    return [...Array(256).keys()].map((byte) => [String.fromCharCode(isPrintable(byte) ? byte : next++), byte] as const)
  })(),
)
