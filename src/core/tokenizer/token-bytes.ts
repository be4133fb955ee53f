/** How the text of a token stands for bytes. */
export type ByteAlphabet = 'byte-level' | 'byte-fallback'

const utf8 = new TextEncoder()

/**
 * The bytes that one token of the vocabulary stands for.
 *
 * Byte-level tokens spell every byte as one printable character; a token with any other character stands for itself.
 * Tokens with byte fallback are text in which U+2581 is a space, and `<0xNN>` is a single byte.
 */
export function tokenBytes(token: string, alphabet: ByteAlphabet): Uint8Array {
  return alphabet === 'byte-level' ? spelledBytes(token) : fallbackBytes(token)
}

function spelledBytes(token: string): Uint8Array {
  const bytes = Array.from(token, (character) => byteOfCharacter.get(character))
  return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes) : utf8.encode(token)
}

function fallbackBytes(token: string): Uint8Array {
  const single = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)
  return single ? Uint8Array.of(Number.parseInt(single[1], 16)) : utf8.encode(token.replaceAll('\u2581', ' '))
}

/** The byte of each printable stand-in: a byte stands for itself where printable, else for the next free from U+0100. */
const byteOfCharacter: ReadonlyMap<string, number> = new Map(
  (() => {
    const isPrintable = (byte: number) =>
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff)
    let next = 0x100
    return Array.from({length: 256}, (_, byte): [string, number] => [
      String.fromCharCode(isPrintable(byte) ? byte : next++),
      byte,
    ])
  })(),
)
