import {closeSync, openSync, readSync} from 'node:fs'
import {DataError} from '../util/errors.js'

/** Bytes of a file from an offset on. */
type Read = (offset: number, length: number) => Buffer

/** A part of the file that is mapped into memory. */
interface Segment {
  readonly type: number
  readonly offset: number
  readonly address: number
  readonly size: number
}

const loaded = 1
const dynamic = 2
const entry = {end: 0, needed: 1, names: 5} as const

/**
 * Names of the libraries that a shared library cannot be loaded without, as its dynamic section lists them (System V ABI,
 * 64 bits, little-endian).
 *
 * @throws {DataError} when it is no such library
 */
export function neededLibraries(file: string): string[] {
  const handle = openSync(file, 'r')
  try {
    const read: Read = (offset, length) => {
      const bytes = Buffer.alloc(length)
      const count = readSync(handle, bytes, 0, length, offset)
      return bytes.subarray(0, count)
    }
    return namesIn(read)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new DataError(`${file} is not a shared library for 64-bit Linux`, {cause: error})
  } finally {
    closeSync(handle)
  }
}

function namesIn(read: Read): string[] {
  const head = read(0, 64)
  if (head.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') throw new RangeError('other magic bytes')
  const segments = segmentsIn(read, head)
  const table = segments.find(({type}) => type === dynamic)
  if (!table) throw new RangeError('no dynamic section')
  const entries = entriesIn(read(table.offset, table.size))
  const names = entries.find(({tag}) => tag === entry.names)
  if (!names) throw new RangeError('no names')
  const at = offsetOf(segments, names.value)
  return entries.filter(({tag}) => tag === entry.needed).map(({value}) => textAt(read, at + value))
}

function segmentsIn(read: Read, head: Buffer): Segment[] {
  const [offset, size, count] = [Number(head.readBigUInt64LE(32)), head.readUInt16LE(54), head.readUInt16LE(56)]
  return Array.from({length: count}, (_, i) => {
    const bytes = read(offset + i * size, size)
    return {
      type: bytes.readUInt32LE(0),
      offset: Number(bytes.readBigUInt64LE(8)),
      address: Number(bytes.readBigUInt64LE(16)),
      size: Number(bytes.readBigUInt64LE(32)),
    }
  })
}

function entriesIn(table: Buffer): {tag: number; value: number}[] {
  const all = Array.from({length: Math.floor(table.length / 16)}, (_, i) => ({
    tag: Number(table.readBigInt64LE(16 * i)),
    value: Number(table.readBigUInt64LE(16 * i + 8)),
  }))
  const end = all.findIndex(({tag}) => tag === entry.end)
  return end < 0 ? all : all.slice(0, end)
}

/** Where in the file lies what is mapped to an address. */
function offsetOf(segments: readonly Segment[], address: number): number {
  const segment = segments.find(
    (one) => one.type === loaded && address >= one.address && address < one.address + one.size,
  )
  if (!segment) throw new RangeError('names outside of what is loaded')
  return segment.offset + address - segment.address
}

function textAt(read: Read, offset: number): string {
  const text = read(offset, 256).toString('latin1')
  return text.slice(0, text.indexOf('\0'))
}
