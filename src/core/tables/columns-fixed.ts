import {Bool, type DataType, Float32, Float64, Int32, Int64, makeData} from 'apache-arrow'
import {type Column, packBits, refuse} from './column.js'

type Numbers = Int32Array | Float32Array | Float64Array

function numberColumn<A extends Numbers>(
  type: DataType,
  make: new (length: number) => A,
  check: (value: number) => boolean,
  expected: string,
): Column<number> {
  return {
    type,
    isNullable: false,
    blank: 0,
    sizeOf: () => 8,
    encode(values, column) {
      const data = new make(values.length)
      for (let row = 0; row < values.length; row++) {
        const value = values[row]
        if (!check(value)) refuse(column, value, expected)
        data[row] = value
      }
      return makeData({type, length: values.length, nullCount: 0, data} as never)
    },
    decode(data) {
      const values = data.values as A
      return (row) => values[row]
    },
  }
}

/** int32; integers in [-2^31, 2^31). */
export const int32 = numberColumn(new Int32(), Int32Array, (value) => (value | 0) === value, 'a 32-bit integer')
/** float32; values are rounded to the nearest. */
export const float32 = numberColumn(new Float32(), Float32Array, (value) => typeof value === 'number', 'a number')
/** float64. */
export const float64 = numberColumn(new Float64(), Float64Array, (value) => typeof value === 'number', 'a number')

/** int64 held as a JavaScript number; integers in [-(2^53 - 1), 2^53 - 1]. */
export const int64: Column<number> = {
  type: new Int64(),
  isNullable: false,
  blank: 0,
  sizeOf: () => 8,
  encode(values, column) {
    const data = new BigInt64Array(values.length)
    for (const [row, value] of values.entries()) {
      if (!Number.isSafeInteger(value)) refuse(column, value, 'an integer below 2^53')
      data[row] = BigInt(value)
    }
    return makeData({type: new Int64(), length: values.length, nullCount: 0, data})
  },
  decode(data, column) {
    const values = data.values as BigInt64Array
    return (row) => {
      const value = Number(values[row])
      return Number.isSafeInteger(value) ? value : refuse(column, values[row], 'an integer below 2^53')
    }
  },
}

/** bool, one bit each. */
export const bool: Column<boolean> = {
  type: new Bool(),
  isNullable: false,
  blank: false,
  sizeOf: () => 1,
  encode(values, column) {
    for (const value of values) if (typeof value !== 'boolean') refuse(column, value, 'true or false')
    return makeData({type: new Bool(), length: values.length, nullCount: 0, data: packBits(values)})
  },
  decode(data) {
    const bits = data.values as Uint8Array
    return (row) => ((bits[row >> 3] >> (row & 7)) & 1) === 1
  },
}
