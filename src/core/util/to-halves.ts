const infinity = 0x7f800000
const smallestNormalHalf = 0x38800000
/** 65520, half-way between the largest half, 65504, and what would come next. */
const firstTooLarge = 0x477ff000
const sum = new Float32Array(1)
const sumBits = new Uint32Array(sum.buffer)

/**
 * Rounds float32 to the nearest float16, ties to even, subnormal numbers included. NaN and infinities stay what they are.
 *
 * @param target their bits; at least as long as `values`
 * @returns index of the first finite value that lies beyond the range of float16 and becomes an infinity, or -1
 */
export function toHalves(values: Float32Array, target: Uint16Array): number {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const {length} = words
  let beyond = -1
  for (let i = 0; i < length; i++) {
    const bits = words[i]
    const size = bits & 0x7fffffff
    const sign = (bits >>> 16) & 0x8000
    if (size >= firstTooLarge) {
      target[i] = sign | 0x7c00 | (size > infinity ? 0x200 : 0)
      if (size < infinity && beyond < 0) beyond = i
    } else if (size >= smallestNormalHalf) target[i] = sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13)
    else {
      // Next to 0.5 the last bit of a float32 is worth 2^-24, as it is of a subnormal half: the addition rounds.
      sum[0] = Math.abs(values[i]) + 0.5
      target[i] = sign | (sumBits[0] - 0x3f000000)
    }
  }
  return beyond
}
