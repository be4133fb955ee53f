import {maxDocumentBytes} from './decode.js'

/** A place in bytes that moves on with what is read; reading past the end is an error. */
export class Cursor {
  at = 0
  constructor(readonly bytes: Uint8Array) {}

  take(length: number): Uint8Array {
    if (!(length >= 0 && this.at + length <= this.bytes.length))
      throw new Error(`${length} bytes are needed, but ${this.bytes.length - this.at} are left`)
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  uint32(): number {
    return littleEndian(this.take(4))
  }

  /** An unsigned number of seven bits a byte, below 2^53. */
  varint(): number {
    for (let value = 0, scale = 1; scale < 2 ** 49; scale *= 128) {
      const [byte] = this.take(1)
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    throw new Error('a number has no end')
  }

  zigzag(): number {
    const value = this.varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}

function littleEndian(bytes: Uint8Array): number {
  return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0)
}

/** How non-null texts are written. */
type Decode = (values: Cursor, count: number, dictionary: readonly Uint8Array[] | undefined) => Uint8Array[]

/**
 * Encodings of texts. Source: https://github.com/apache/parquet-format/blob/master/Encodings.md
 */
export const textEncodings: Readonly<Record<string, Decode>> = {
  PLAIN: (values, count) => Array.from({length: count}, () => values.take(values.uint32())),
  PLAIN_DICTIONARY: lookUp,
  RLE_DICTIONARY: lookUp,
  DELTA_LENGTH_BYTE_ARRAY: (values, count) => Array.from(readDeltas(values, count), (length) => values.take(length)),
  DELTA_BYTE_ARRAY: appendSuffixes,
}

function lookUp(values: Cursor, count: number, dictionary: readonly Uint8Array[] = []): Uint8Array[] {
  if (count === 0) return []
  const [width] = values.take(1)
  return Array.from(readRuns(values, width, count), (index) => {
    if (index >= dictionary.length) throw new Error(`text ${index} of a dictionary of ${dictionary.length}`)
    return dictionary[index]
  })
}

function appendSuffixes(values: Cursor, count: number): Uint8Array[] {
  const prefixes = readDeltas(values, count)
  const suffixes = readDeltas(values, count)
  let before: Uint8Array = new Uint8Array()
  let total = 0
  return Array.from(prefixes, (prefix, i) => {
    total += prefix
    if (!(prefix >= 0 && prefix <= before.length && total <= 4 * maxDocumentBytes))
      throw new Error('a prefix is too long')
    before = Buffer.concat([before.subarray(0, prefix), values.take(suffixes[i])])
    return before
  })
}

/**
 * Numbers as runs of one value and as groups of eight, packed into bits.
 *
 * @param width bits of a number, 0 to 32
 */
export function readRuns(values: Cursor, width: number, count: number): Uint32Array {
  if (width > 32) throw new Error(`numbers of ${width} bits`)
  const output = new Uint32Array(count)
  if (width === 0) return output
  for (let filled = 0; filled < count; ) {
    const header = values.varint()
    const length = Math.floor(header / 2)
    if (header % 2 === 0) {
      const value = littleEndian(values.take(Math.ceil(width / 8)))
      // Some writers end a page with an empty run; none may run over the end.
      if (length > count - filled) throw new Error(`a run of ${length} values, but ${count - filled} are left`)
      output.fill(value, filled, filled + length)
      filled += length
    } else {
      const wanted = Math.min(length * 8, count - filled)
      // The last group may lack the bytes of its padding.
      const bytes = values.take(Math.min(length * width, Math.max(Math.ceil((wanted * width) / 8), left(values))))
      for (let i = 0; i < wanted; i++) output[filled + i] = bitsAt(bytes, i * width, width)
      filled += wanted
    }
  }
  return output
}

function left({bytes, at}: Cursor): number {
  return bytes.length - at
}

/** 32-bit numbers as a first one and differences, packed into bits block by block. */
function readDeltas(values: Cursor, count: number): Int32Array {
  const [blockSize, miniblocks, total] = [values.varint(), values.varint(), values.varint()]
  const output = new Int32Array(count)
  let value = values.zigzag()
  const size = blockSize / miniblocks
  if (total !== count || !(Number.isInteger(size) && size > 0 && size % 8 === 0 && blockSize <= 2 ** 20))
    throw new Error(`${total} differences in blocks of ${blockSize} / ${miniblocks}; ${count} are expected`)
  if (count > 0) output[0] = value
  for (let filled = 1; filled < count; ) {
    const smallest = values.zigzag()
    const widths = values.take(miniblocks)
    for (let block = 0; block < miniblocks && filled < count; block++) {
      const width = widths[block]
      if (width > 32) throw new Error(`differences of ${width} bits`)
      const bytes = values.take((size * width) / 8)
      for (let i = 0; i < size && filled < count; i++) {
        value = (value + smallest + bitsAt(bytes, i * width, width)) | 0
        output[filled++] = value
      }
    }
  }
  return output
}

/** `width` bits from bit `start` on, lowest first. */
function bitsAt(bytes: Uint8Array, start: number, width: number): number {
  let value = 0
  for (let done = 0; done < width; ) {
    const bit = start + done
    const some = Math.min(8 - (bit % 8), width - done)
    value += ((bytes[bit >> 3] >> (bit % 8)) & ((1 << some) - 1)) * 2 ** done
    done += some
  }
  return value
}
