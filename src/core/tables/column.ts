import type {Data, DataType} from 'apache-arrow'
import {DataError} from '../util/errors.js'

/** One column's Arrow type and how its values of type V become Arrow data and back. */
export interface Column<V> {
  readonly type: DataType
  readonly isNullable: boolean
  /** What stands in the buffers where a value is null. */
  readonly blank: V
  /** Bytes that a value takes, roughly; decides how many rows share a batch. */
  sizeOf(value: V): number
  /** Arrow data of one batch. Throws {DataError} naming `column` at a value that does not fit. */
  encode(values: readonly V[], column: string): Data
  /** Reader of one batch: row index to value. Throws {DataError} naming `column` when the data hold what they may not. */
  decode(data: Data, column: string): (row: number) => V
}

/** Raises a {DataError} about a value that a column may not hold. */
export function refuse(column: string, value: unknown, expected: string): never {
  const seen = typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? String(value))
  throw new DataError(`column ${column}: ${seen.slice(0, 80)} is not ${expected}`)
}

/** @throws {DataError} when any value is null */
export function refuseNulls(data: Data, column: string): void {
  if (data.nullCount > 0) throw new DataError(`column ${column} holds ${data.nullCount} nulls; it may not hold any`)
}

/** Bits of an Arrow bool or validity buffer, least significant first. */
export function packBits(values: readonly boolean[]): Uint8Array {
  const bits = new Uint8Array(Math.ceil(values.length / 8))
  for (let row = 0; row < values.length; row++) if (values[row]) bits[row >> 3] |= 1 << (row & 7)
  return bits
}

/** Start of each of `lengths` in one buffer, with the total last. */
export function offsetsOf(lengths: Iterable<number>, count: number): Int32Array {
  const offsets = new Int32Array(count + 1)
  let row = 0
  for (const length of lengths) {
    offsets[row + 1] = offsets[row] + length
    row++
  }
  return offsets
}

/** The same column with null allowed. */
export function nullable<V>(column: Column<V>): Column<V | null> {
  return {
    type: column.type,
    isNullable: true,
    blank: null,
    sizeOf: (value) => (value === null ? 1 : column.sizeOf(value)),
    encode(values, name) {
      const data = column.encode(
        values.map((value) => (value === null ? column.blank : value)),
        name,
      )
      const isValid = values.map((value) => value !== null)
      const nullCount = isValid.filter((valid) => !valid).length
      if (nullCount === 0) return data
      const [valueOffsets, content, , typeIds] = data.buffers as never as unknown[]
      const buffers = [valueOffsets, content, packBits(isValid), typeIds]
      return data.clone(data.type, 0, values.length, nullCount, buffers as never)
    },
    decode(data, name) {
      const valueAt = column.decode(data, name)
      return data.nullCount === 0 ? valueAt : (row) => (data.getValid(row) ? valueAt(row) : null)
    },
  }
}
