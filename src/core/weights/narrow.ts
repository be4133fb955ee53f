import {toHalves} from '../util/to-halves.js'

/** A dtype that weights are written in. */
export type WrittenDtype = 'F32' | 'BF16' | 'F16'

interface Narrowing {
  /** Bytes per value. */
  readonly size: number
  /**
   * Rounds to the nearest value of the dtype, ties to even, subnormal numbers included.
   *
   * @returns index of the first finite value that lies beyond the dtype's range, or -1; `target` is then of no use
   */
  narrow(values: Float32Array, target: Uint16Array): number
}

/** How float32 becomes a dtype of two bytes. NaN and infinities stay what they are. */
export const narrowings: Readonly<Record<'BF16' | 'F16', Narrowing>> = {
  BF16: {size: 2, narrow: toBrainFloats},
  F16: {size: 2, narrow: toHalves},
}

const infinity = 0x7f800000

function toBrainFloats(values: Float32Array, target: Uint16Array): number {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length)
  for (let i = 0; i < words.length; i++) {
    const bits = words[i]
    const size = bits & 0x7fffffff
    // Adding to a NaN could carry it into the sign; a quiet bit keeps it one.
    if (size > infinity) target[i] = (bits >>> 16) | 0x40
    else {
      const rounded = (size + 0x7fff + ((size >>> 16) & 1)) >>> 16
      if (rounded >= 0x7f80 && size < infinity) return i
      target[i] = ((bits >>> 16) & 0x8000) | rounded
    }
  }
  return -1
}
