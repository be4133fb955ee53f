import {openSync, readSync} from 'node:fs'
import {checkPlainFile} from '../util/plain-file.js'
import {guardRead} from './storage-error.js'

/**
 * Opens a regular file for reading; opening a named pipe would wait for a writer.
 *
 * @throws {DataError} naming the path when it is anything else, or cannot be opened
 */
export function openFile(path: string): number {
  return guardRead('opening', path, () => {
    checkPlainFile(path)
    return openSync(path, 'r')
  })
}

/** Fills `bytes` from `offset` of a file on. Returns how many were there. */
export function fillAt(fd: number, offset: number, bytes: Uint8Array): number {
  let filled = 0
  while (filled < bytes.length) {
    const count = readSync(fd, bytes, filled, Math.min(bytes.length - filled, 2 ** 30), offset + filled)
    if (count === 0) break
    filled += count
  }
  return filled
}

/** Reads `length` bytes at `offset` into a buffer of their own, which is therefore aligned; fewer at the end of the file. */
export function readAt(fd: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  const filled = fillAt(fd, offset, bytes)
  return filled === length ? bytes : bytes.subarray(0, filled)
}
