import {closeSync, openSync} from 'node:fs'
import {fillAt} from '../files/read-at.js'
import {guardRead} from '../files/storage-error.js'
import {DataError} from '../util/errors.js'
import {checkPlainFile} from '../util/plain-file.js'
import {type FloatDtypeName, floatDtypes, isFloatDtype} from './dtypes.js'
import {parseHeader, refusal, shown, type TensorEntry} from './safetensors-header.js'

/** Consecutive values of a tensor. */
export interface Piece {
  /** Index of the first one in the tensor. */
  readonly offset: number
  /** float32; the next piece overwrites them. */
  readonly values: Float32Array
}

const maxHeaderBytes = 100_000_000
/** Small enough to stay in a processor's cache between conversion and use. */
const pieceValues = 2 ** 16

/** An open safetensors file: its header is read and checked, its tensors are read when asked for. */
export class SafetensorsFile {
  private constructor(
    readonly path: string,
    private readonly descriptor: number,
    /** Bytes before the first tensor. */
    private readonly start: number,
    /** Every tensor by name, in the order of their bytes. */
    readonly entries: ReadonlyMap<string, TensorEntry>,
  ) {}

  /**
   * Opens a file, of which a link may lead to it, and reads its header.
   *
   * @throws {DataError} when it cannot be read, is no plain file, is truncated, or its header is not what the format allows
   */
  static open(path: string): SafetensorsFile {
    return guardRead('reading', path, () => {
      const {size} = checkPlainFile(path)
      const descriptor = openSync(path, 'r')
      try {
        const {entries, start} = readHeader(descriptor, path, size)
        return new SafetensorsFile(path, descriptor, start, new Map(entries.map((entry) => [entry.name, entry])))
      } catch (error) {
        closeSync(descriptor)
        throw error
      }
    })
  }

  /**
   * Values of a floating-point tensor in order, converted to float32 a few hundred kilobytes at a time.
   *
   * @throws {DataError} when the tensor is missing or holds integers, or the file got shorter
   */
  *pieces(name: string): Generator<Piece> {
    const {dtype, begin, end} = this.floatEntry(name)
    const {size, widen} = floatDtypes[dtype]
    const count = (end - begin) / size
    const values = new Float32Array(Math.min(count, pieceValues))
    const bytes = new Uint8Array(values.length * size)
    for (let offset = 0; offset < count; offset += pieceValues) {
      const piece = values.subarray(0, count - offset)
      this.readBytes(name, begin + offset * size, bytes.subarray(0, piece.length * size))
      widen(bytes.buffer, piece)
      yield {offset, values: piece}
    }
  }

  /**
   * Where a floating-point tensor lies.
   *
   * @throws {DataError} when the tensor is missing or holds integers
   */
  floatEntry(name: string): TensorEntry & {readonly dtype: FloatDtypeName} {
    const entry = this.entryOf(name)
    const {dtype} = entry
    if (isFloatDtype(dtype)) return {...entry, dtype}
    throw new DataError(
      `reading ${this.path}: tensor ${shown(name)} has dtype ${dtype}, expected floating-point weights: ` +
        Object.keys(floatDtypes).join(', '),
    )
  }

  close(): void {
    closeSync(this.descriptor)
  }

  private entryOf(name: string): TensorEntry {
    const entry = this.entries.get(name)
    if (entry) return entry
    throw new DataError(`reading ${this.path}: tensor ${shown(name)} is missing`)
  }

  private readBytes(name: string, begin: number, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const filled = guardRead('reading', this.path, () => fillAt(this.descriptor, this.start + begin, bytes))
    if (filled < bytes.length) throw refusal(this.path, `it ended while tensor ${shown(name)} was read`)
    return bytes
  }
}

function readHeader(descriptor: number, path: string, size: number): {entries: TensorEntry[]; start: number} {
  if (size < 8) throw refusal(path, `it has ${size} bytes, too few for a header`)
  const claim = Buffer.alloc(8)
  fillAt(descriptor, 0, claim)
  const length = Number(claim.readBigUInt64LE())
  if (length > maxHeaderBytes) throw refusal(path, `its header claims ${length} bytes, more than ${maxHeaderBytes}`)
  if (8 + length > size) throw refusal(path, `its header claims ${length} bytes, but only ${size - 8} follow`)
  const json = new Uint8Array(length)
  if (fillAt(descriptor, 8, json) < length) throw refusal(path, 'it ended while its header was read')
  return {entries: parseHeader(path, json, size - 8 - length), start: 8 + length}
}
