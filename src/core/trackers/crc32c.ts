/** Castagnoli's polynomial, bits reversed. */
const polynomial = 0x82f63b78

/** What each byte does to a sum of which it is the lowest. */
const table = Uint32Array.from({length: 256}, (_, byte) => {
  let sum = byte
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ polynomial : sum >>> 1
  return sum
})

/** CRC-32C of some bytes (RFC 3720, B.4), unsigned. Node's own `crc32` has another polynomial. */
export function crc32c(bytes: Uint8Array): number {
  let sum = 0xffffffff
  for (const byte of bytes) sum = table[(sum ^ byte) & 0xff] ^ (sum >>> 8)
  return (sum ^ 0xffffffff) >>> 0
}
