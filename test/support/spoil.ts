import {Sampler, streamSeed} from '../../src/core/util/rng.js'

const lengths = [0, -1, 1, 8, 255, 65_535, 2 ** 20, 2 ** 28, 2 ** 31 - 1, -(2 ** 31)]

/** Spoils copies of files as disks, transfers and people do, in a seeded order. */
export class Spoiler {
  private readonly sampler: Sampler

  constructor(name: string) {
    this.sampler = new Sampler(streamSeed(7, name))
  }

  /** A copy with 1 to `edits` edits among its first `area` bytes. */
  spoil(bytes: Uint8Array, area = bytes.length, edits = 3): Buffer {
    let spoiled: Buffer = Buffer.from(bytes)
    for (let left = 1 + this.integer(edits); left > 0 && spoiled.length > 8; left--)
      spoiled = this.pick([this.bit, this.byte, this.word, this.long, this.cut, this.double, this.splice, this.noise])(
        spoiled,
        this.integer(Math.min(area, spoiled.length - 8)),
      )
    return spoiled
  }

  private integer(below: number): number {
    return this.sampler.integer(below)
  }

  private pick<T>(items: readonly T[]): T {
    return items[this.integer(items.length)]
  }

  private readonly bit = (bytes: Buffer, at: number) => {
    bytes[at] ^= 1 << this.integer(8)
    return bytes
  }

  private readonly byte = (bytes: Buffer, at: number) => {
    bytes[at] = this.pick([0, 1, 127, 128, 255])
    return bytes
  }

  private readonly word = (bytes: Buffer, at: number) => {
    bytes.writeInt32LE(this.pick([...lengths, this.integer(2 ** 31)]), at & ~3)
    return bytes
  }

  private readonly long = (bytes: Buffer, at: number) => {
    bytes.writeBigInt64LE(BigInt(this.pick(lengths)) * this.pick([1n, 2n ** 32n]), at & ~7)
    return bytes
  }

  private readonly cut = (bytes: Buffer, at: number) => (this.integer(4) === 0 ? bytes.subarray(0, at) : bytes)

  private readonly double = (bytes: Buffer, at: number) => {
    const end = at + this.integer(64)
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)])
  }

  private readonly splice = (bytes: Buffer, at: number) => {
    const from = this.integer(bytes.length)
    bytes.copy(bytes, at, from, from + this.integer(48))
    return bytes
  }

  private readonly noise = (bytes: Buffer, at: number) => {
    for (let end = at + this.integer(48); at < end && at < bytes.length; at++) bytes[at] = this.integer(256)
    return bytes
  }
}
