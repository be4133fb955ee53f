import {readSync} from 'node:fs'

/** Reads `length` bytes at `offset` into a buffer of their own, which is therefore aligned; fewer at the end of the file. */
export function readAt(fd: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let filled = 0
  while (filled < length) {
    const count = readSync(fd, bytes, filled, Math.min(length - filled, 2 ** 30), offset + filled)
    if (count === 0) break
    filled += count
  }
  return filled === length ? bytes : bytes.subarray(0, filled)
}
