import {Binary, Field, Float32, Int32, List, Map_, makeData, Struct, Utf8} from 'apache-arrow'
import {type Column, offsetsOf, refuse, refuseNulls} from './column.js'
import {float32, float64, int32} from './columns-fixed.js'

function utf8Column<V extends string>(blank: V, check: (value: string) => boolean, expected: string): Column<V> {
  const type = new Utf8()
  return {
    type,
    isNullable: false,
    blank,
    sizeOf: (value) => 4 + value.length,
    encode(values, column) {
      for (const value of values) if (!check(value)) refuse(column, value, expected)
      const valueOffsets = offsetsOf(
        values.map((value) => Buffer.byteLength(value)),
        values.length,
      )
      const data = Buffer.alloc(valueOffsets[values.length])
      for (let row = 0; row < values.length; row++) data.write(values[row], valueOffsets[row])
      return makeData({type, length: values.length, nullCount: 0, valueOffsets, data})
    },
    decode(data, column) {
      const {buffer, byteOffset, byteLength} = data.values as Uint8Array
      const text = Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
      const offsets = data.valueOffsets as Int32Array
      return (row) => {
        const value = text.toString('utf8', offsets[row], offsets[row + 1])
        return check(value) ? (value as V) : refuse(column, value, expected)
      }
    },
  }
}

/** utf8, any text. */
export const utf8: Column<string> = utf8Column<string>('', (value) => typeof value === 'string', 'text')

/** utf8 limited to the given words; others are refused when written and when read. */
export function oneOf<const W extends string>(...words: readonly W[]): Column<W> {
  const known = new Set<string>(words)
  return utf8Column(words[0], (value) => known.has(value), `one of ${words.join(', ')}`)
}

/** binary, as Uint8Array. */
export const binary: Column<Uint8Array> = {
  type: new Binary(),
  isNullable: false,
  blank: new Uint8Array(0),
  sizeOf: (value) => 4 + value.length,
  encode(values, column) {
    for (const value of values) if (!(value instanceof Uint8Array)) refuse(column, value, 'a Uint8Array')
    const valueOffsets = offsetsOf(
      values.map((value) => value.length),
      values.length,
    )
    return makeData({
      type: new Binary(),
      length: values.length,
      nullCount: 0,
      valueOffsets,
      data: joined(values, valueOffsets, Uint8Array),
    })
  },
  decode(data) {
    const bytes = data.values as Uint8Array
    const offsets = data.valueOffsets as Int32Array
    return (row) => bytes.slice(offsets[row], offsets[row + 1])
  },
}

function joined<A extends Int32Array | Float32Array | Uint8Array>(
  values: readonly A[],
  offsets: Int32Array,
  make: new (length: number) => A,
): A {
  const data = new make(offsets[values.length])
  for (let row = 0; row < values.length; row++) data.set(values[row], offsets[row])
  return data
}

function listColumn<A extends Int32Array | Float32Array>(
  itemType: Int32 | Float32,
  make: new (length: number) => A,
): Column<A> {
  const type = new List(new Field('item', itemType, true))
  return {
    type,
    isNullable: false,
    blank: new make(0),
    sizeOf: (value) => 4 + value.byteLength,
    encode(values, column) {
      for (const value of values) if (!(value instanceof make)) refuse(column, value, `a ${make.name}`)
      const valueOffsets = offsetsOf(
        values.map((value) => value.length),
        values.length,
      )
      const data = joined(values, valueOffsets, make)
      const child = makeData({type: itemType, length: data.length, nullCount: 0, data} as never)
      return makeData({type, length: values.length, nullCount: 0, valueOffsets, child} as never)
    },
    decode(data, column) {
      refuseNulls(data.children[0], column)
      const items = data.children[0].values as A
      const offsets = data.valueOffsets as Int32Array
      return (row) => items.slice(offsets[row], offsets[row + 1]) as A
    },
  }
}

/** list<int32>, as Int32Array. */
export const int32List = listColumn<Int32Array>(new Int32(), Int32Array)
/** list<float32>, as Float32Array. */
export const float32List = listColumn<Float32Array>(new Float32(), Float32Array)

/** map<K, V>, as a record; keys are written in the order that `compare` gives. */
function mapColumn<K extends string | number>(
  keyColumn: Column<K>,
  valueColumn: Column<number>,
  keyOf: (name: string) => K,
  compare: (a: K, b: K) => number,
): Column<Readonly<Record<K, number>>> {
  const entryType = new Struct([new Field('key', keyColumn.type, false), new Field('value', valueColumn.type, true)])
  const type = new Map_(new Field('entries', entryType, false) as never)
  return {
    type,
    isNullable: false,
    blank: {} as Record<K, number>,
    sizeOf: (value) => 24 * Object.keys(value).length,
    encode(values, column) {
      const entries = values.map((value) =>
        Object.entries<number>(value)
          .map(([name, part]) => [keyOf(name), part] as const)
          .sort(([a], [b]) => compare(a, b)),
      )
      const valueOffsets = offsetsOf(
        entries.map((pairs) => pairs.length),
        values.length,
      )
      const pairs = entries.flat()
      const keys = keyColumn.encode(
        pairs.map(([key]) => key),
        column,
      )
      const parts = valueColumn.encode(
        pairs.map(([, value]) => value),
        column,
      )
      const child = makeData({type: entryType, length: pairs.length, nullCount: 0, children: [keys, parts]})
      return makeData({type, length: values.length, nullCount: 0, valueOffsets, child} as never)
    },
    decode(data, column) {
      const [keys, parts] = data.children[0].children
      refuseNulls(parts, column)
      const keyAt = keyColumn.decode(keys, column)
      const partAt = valueColumn.decode(parts, column)
      const offsets = data.valueOffsets as Int32Array
      return (row) => {
        const indices = Array.from({length: offsets[row + 1] - offsets[row]}, (_, i) => offsets[row] + i)
        return Object.fromEntries(indices.map((index) => [keyAt(index), partAt(index)])) as Record<K, number>
      }
    },
  }
}

/** map<utf8, float32>, as a record; keys are written in sorted order. */
export const float32Map = mapColumn(utf8, float32, String, (a, b) => (a < b ? -1 : 1))
/** map<int32, float64>, as a record; keys are written in ascending order. */
export const float64ByInt32 = mapColumn(int32, float64, Number, (a, b) => a - b)
