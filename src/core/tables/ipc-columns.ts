import {isUtf8} from 'node:buffer'
import {type Data, type DataType, type Message, type MessageHeader, makeData, type Schema, Type} from 'apache-arrow'
import {readAt} from '../files/read-at.js'
import type {Frame} from './ipc-scan.js'

/** Columns of one record batch by name, as Arrow data. */
export interface BatchColumns {
  readonly numRows: number
  readonly columns: ReadonlyMap<string, Data>
}

/** A column of a batch whose buffers were measured but not read. */
interface Layout {
  readonly type: DataType
  readonly length: number
  readonly nullCount: number
  readonly buffers: readonly Region[]
  readonly children: readonly Layout[]
}

interface Region {
  readonly offset: number
  readonly length: number
}

type RecordBatchHeader = ReturnType<Message<MessageHeader.RecordBatch>['header']>

/** Bodies up to this size are read at once. */
const smallBody = 2 ** 16

/** Bytes that a buffer needs for `rows` values. */
type Need = (rows: number, type: DataType) => number

const bits: Need = (rows) => Math.ceil(rows / 8)
const offsets: Need = (rows) => (rows === 0 ? 0 : 4 * (rows + 1))
const wideOffsets: Need = (rows) => (rows === 0 ? 0 : 8 * (rows + 1))
const values: Need = (rows, type) => rows * bytesPerValue(type)
const bytes: Need = () => 0
const floatBytes = [2, 4, 8]

function bytesPerValue(type: DataType): number {
  const {typeId, bitWidth, precision} = type as DataType & {readonly bitWidth?: number; readonly precision?: number}
  if (typeId === Type.Int) return bitWidth! / 8
  return typeId === Type.Float ? floatBytes[precision!] : 0
}

/** Types of which a batch holds nothing but the number of values. */
const withoutBuffers: ReadonlySet<Type> = new Set([Type.Null])

/** Buffers of each type after the first, which tells what is null. Those of other programs are passed over, never read. */
const buffersOf: Readonly<Partial<Record<Type, readonly Need[]>>> = {
  [Type.Null]: [],
  [Type.Bool]: [bits],
  [Type.Int]: [values],
  [Type.Float]: [values],
  [Type.Decimal]: [values],
  [Type.Date]: [values],
  [Type.Time]: [values],
  [Type.Timestamp]: [values],
  [Type.Interval]: [values],
  [Type.Duration]: [values],
  [Type.FixedSizeBinary]: [values],
  [Type.Utf8]: [offsets, bytes],
  [Type.Binary]: [offsets, bytes],
  [Type.LargeUtf8]: [wideOffsets, bytes],
  [Type.LargeBinary]: [wideOffsets, bytes],
  [Type.List]: [offsets],
  [Type.Map]: [offsets],
  [Type.FixedSizeList]: [],
  [Type.Struct]: [],
}

/**
 * Those of the columns `names` that a record batch has. Every length that the file states is checked before it is used; the buffers of
 * other columns stay in the file.
 *
 * @param isText whether bytes may stand in a column of texts
 * @throws {Error} that says what does not fit
 */
export function readColumns(
  fd: number,
  schema: Schema,
  frame: Frame,
  names: readonly string[],
  isText: (bytes: Uint8Array) => boolean = isUtf8,
): BatchColumns {
  const batch = frame.message.header() as RecordBatchHeader
  const layouts = measureBatch(schema, batch, frame.bodyLength)
  const body = frame.bodyLength <= smallBody ? readBody(fd, frame) : null
  const read = ({offset, length}: Region) =>
    body ? body.subarray(offset, offset + length) : readAt(fd, frame.bodyOffset + offset, length)
  const source = {read, isText}
  const known = names.filter((name) => schema.fields.some((field) => field.name === name))
  const columns = known.map((name) => {
    return [name, readData(layouts[indexOf(schema, name)], source, name)] as const
  })
  return {numRows: batch.length, columns: new Map(columns)}
}

/** Where the lists of a batch lie in the file. */
export interface ListRegions {
  readonly rows: number
  /** [rows + 1] int32, starts of the lists in items. */
  readonly offsetsAt: number
  readonly itemsAt: number
  readonly items: number
}

/**
 * Where a column list<int32> of a batch lies.
 *
 * @throws {Error} that says what does not fit
 */
export function listRegions(schema: Schema, frame: Frame, name: string): ListRegions {
  const layouts = measureBatch(schema, frame.message.header() as RecordBatchHeader, frame.bodyLength)
  const {length, nullCount, buffers, children} = layouts[indexOf(schema, name)]
  const [items] = children
  if (nullCount + items.nullCount > 0) throw new Error(`column ${name} holds nulls; it may not hold any`)
  const [offsets, values] = [buffers[1], items.buffers[1]]
  return {
    rows: length,
    offsetsAt: frame.bodyOffset + offsets.offset,
    itemsAt: frame.bodyOffset + values.offset,
    items: items.length,
  }
}

function indexOf(schema: Schema, name: string): number {
  return schema.fields.findLastIndex((field) => field.name === name)
}

function readBody(fd: number, {bodyOffset, bodyLength}: Frame): Uint8Array {
  return readAt(fd, bodyOffset, bodyLength)
}

function measureBatch(schema: Schema, batch: RecordBatchHeader, bodyLength: number): Layout[] {
  if (batch.compression) throw new Error('its batches are compressed')
  const nodes = batch.nodes.values()
  const regions = batch.buffers.values()
  const next = <T>(items: Iterator<T>, what: string): T => {
    const {done, value} = items.next()
    if (done) throw new Error(`a batch has too few ${what}`)
    return value
  }
  const measure = (type: DataType): Layout => {
    const {length, nullCount} = next(nodes, 'columns')
    const needs = buffersOf[type.typeId as Type]
    if (!needs) throw new Error(`a column is ${String(type).slice(0, 80)}, which rpt does not read`)
    if (!(length >= 0 && nullCount >= 0 && nullCount <= length))
      throw new Error(`a column states ${length} values, ${nullCount} of them null`)
    const isNullOf = nullCount > 0 ? bits(length, type) : 0
    const least = withoutBuffers.has(type.typeId) ? [] : [isNullOf, ...needs.map((need) => need(length, type))]
    const buffers = least.map((need) => checkRegion(next(regions, 'buffers'), need, bodyLength))
    return {type, length, nullCount, buffers, children: (type.children ?? []).map((child) => measure(child.type))}
  }
  const layouts = schema.fields.map((field) => measure(field.type))
  const other = layouts.findIndex(({length}) => length !== batch.length)
  if (other >= 0)
    throw new Error(
      `column ${schema.fields[other].name.slice(0, 80)} states ${layouts[other].length} rows of ${batch.length}`,
    )
  return layouts
}

function checkRegion({offset, length}: Region, need: number, bodyLength: number): Region {
  const isInside = offset >= 0 && length >= 0 && offset + length <= bodyLength && offset % 8 === 0
  if (!isInside) throw new Error(`a buffer at ${offset} with ${length} bytes is not inside its batch of ${bodyLength}`)
  if (length < need) throw new Error(`a buffer has ${length} bytes, its values need ${need}`)
  return {offset, length}
}

/** Where buffers come from, and what texts may be. */
interface Source {
  readonly read: (region: Region) => Uint8Array
  readonly isText: (bytes: Uint8Array) => boolean
}

/** Arrow data of a column, its offsets checked against what they point into. */
function readData(
  {type, length, nullCount, buffers: [validity, first, second], children}: Layout,
  source: Source,
  name: string,
): Data {
  const {read, isText} = source
  if (withoutBuffers.has(type.typeId)) return makeData({type, length} as never)
  const shape = {type, length, nullCount, ...(nullCount > 0 && {nullBitmap: read(validity)})}
  const contents = children.map((child) => readData(child, source, name))
  switch (type.typeId as Type) {
    case Type.Utf8:
    case Type.Binary: {
      const data = read(second)
      if (type.typeId === Type.Utf8 && !isText(data)) throw new Error(`column ${name} is not UTF-8`)
      return makeData({...shape, valueOffsets: readOffsets(read(first), length, data.length, name), data} as never)
    }
    case Type.LargeUtf8:
    case Type.LargeBinary: {
      const data = read(second)
      if (type.typeId === Type.LargeUtf8 && !isText(data)) throw new Error(`column ${name} is not UTF-8`)
      return makeData({...shape, valueOffsets: readWideOffsets(read(first), length, data.length, name), data} as never)
    }
    case Type.List:
    case Type.Map: {
      const [child] = contents
      return makeData({...shape, valueOffsets: readOffsets(read(first), length, child.length, name), child} as never)
    }
    case Type.Struct:
      if (contents.some((child) => child.length !== length)) throw new Error(`column ${name} has parts of two lengths`)
      return makeData({...shape, children: contents} as never)
    default:
      return makeData({...shape, data: read(first)} as never)
  }
}

/** [length + 1] starts, ascending, none beyond `end`. */
function readOffsets(bytes: Uint8Array, length: number, end: number, name: string): Int32Array {
  if (length === 0) return new Int32Array(1)
  return checkStarts(new Int32Array(bytes.buffer, bytes.byteOffset, length + 1), end, name)
}

/** The same in 64 bits each. */
function readWideOffsets(bytes: Uint8Array, length: number, end: number, name: string): BigInt64Array {
  if (length === 0) return new BigInt64Array(1)
  return checkStarts(new BigInt64Array(bytes.buffer, bytes.byteOffset, length + 1), end, name)
}

function checkStarts<T extends Int32Array | BigInt64Array>(starts: T, end: number, name: string): T {
  let before: number | bigint = 0
  for (const start of starts) {
    if (start < before || start > end)
      throw new Error(`column ${name} has an offset ${start} after ${before}, of ${end} in all`)
    before = start
  }
  return starts
}
