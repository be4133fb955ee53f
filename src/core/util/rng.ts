import {createHash} from 'node:crypto'

/**
 * Counter-based random numbers: the i-th number of a stream depends on the stream's keys and on i, on nothing else.
 *
 * Generator: Philox-4x32-10 (Salmon et al. 2011, Parallel Random Numbers: As Easy as 1, 2, 3).
 */

/** A named stream: the Philox key and the upper half of its counter. */
export type Stream = readonly [key0: number, key1: number, high0: number, high1: number]

/** The stream that a seed and a path of keys name, e.g. `streamSeed(7, 'rollout', step, docId, position, sample)`. */
export function streamSeed(seed: number, ...keys: (string | number)[]): Stream {
  const digest = createHash('sha256')
    .update(JSON.stringify([seed, ...keys]))
    .digest()
  return [digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8), digest.readUInt32LE(12)]
}

/** The four 32-bit words of one Philox-4x32-10 block. */
export function philox4x32(counter: readonly number[], key0: number, key1: number): Uint32Array {
  const block = Uint32Array.from(counter)
  let k0 = key0
  let k1 = key1
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, block[0])
    const low0 = Math.imul(0xd2511f53, block[0])
    const high1 = multiplyHigh(0xcd9e8d57, block[2])
    const low1 = Math.imul(0xcd9e8d57, block[2])
    block[0] = high1 ^ block[1] ^ k0
    block[1] = low1
    block[2] = high0 ^ block[3] ^ k1
    block[3] = low0
    k0 = (k0 + 0x9e3779b9) | 0
    k1 = (k1 + 0xbb67ae85) | 0
  }
  return block
}

/** Upper 32 bits of the product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16)
  const carry = aLow * bHigh + (middle % 0x10000)
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0
}

function word(stream: Stream, index: number): number {
  const blockIndex = Math.floor(index / 4)
  const counter = [blockIndex, Math.floor(blockIndex / 2 ** 32), stream[2], stream[3]]
  return philox4x32(counter, stream[0], stream[1])[index % 4]
}

/** The index-th uniform of a stream, in [0, 1) with 24 bits, so that float32 holds it exactly. */
export function uniform(stream: Stream, index: number): number {
  return (word(stream, index) >>> 8) / 2 ** 24
}

/** Reads a stream from its start, for draws that need no random access. */
export class Sampler {
  private index = 0
  private block = new Uint32Array(4)

  constructor(private readonly stream: Stream) {}

  private nextWord(): number {
    const at = this.index % 4
    if (at === 0) {
      const blockIndex = this.index / 4
      const counter = [blockIndex, Math.floor(blockIndex / 2 ** 32), this.stream[2], this.stream[3]]
      this.block = philox4x32(counter, this.stream[0], this.stream[1]) as Uint32Array<ArrayBuffer>
    }
    this.index++
    return this.block[at]
  }

  /** Uniform in [0, 1), 53 bits. */
  next(): number {
    const high = this.nextWord() >>> 5
    const low = this.nextWord() >>> 6
    return (high * 2 ** 26 + low) / 2 ** 53
  }

  /** Uniform integer in [0, n). */
  integer(n: number): number {
    return Math.floor(this.next() * n)
  }

  /** Standard normal (Box-Muller). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next())
  }

  /** A uniformly shuffled copy (Fisher-Yates). */
  shuffle<T>(items: Iterable<T>): T[] {
    const shuffled = [...items]
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.integer(i + 1)
      const kept = shuffled[i]
      shuffled[i] = shuffled[j]
      shuffled[j] = kept
    }
    return shuffled
  }
}
