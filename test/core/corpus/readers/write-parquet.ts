import {write} from '../read-folder.js'

/** A value in Thrift's compact protocol: its type, and its bytes. */
interface Thrift {
  readonly type: number
  readonly bytes: readonly number[]
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))]
}

const int32 = (value: number): Thrift => ({type: 5, bytes: varint(2 * value)})
const int64 = (value: number): Thrift => ({type: 6, bytes: varint(2 * value)})
const binary = (text: string): Thrift => ({type: 8, bytes: [...varint(Buffer.byteLength(text)), ...Buffer.from(text)]})
const list = (items: readonly Thrift[]): Thrift => ({
  type: 9,
  bytes: [
    ...(items.length < 15 ? [items.length * 16 + items[0].type] : [0xf0 + items[0].type, ...varint(items.length)]),
    ...items.flatMap(({bytes}) => bytes),
  ],
})

/** @param fields by number, below 16 */
function struct(fields: Readonly<Record<number, Thrift | undefined>>): Thrift {
  let before = 0
  const bytes = Object.entries(fields).flatMap(([key, field]) => {
    if (!field) return []
    const step = Number(key) - before
    before = Number(key)
    return [step * 16 + field.type, ...field.bytes]
  })
  return {type: 12, bytes: [...bytes, 0]}
}

/** A node of the schema: a column of texts, or a group of others. */
export interface Node {
  readonly name: string
  readonly is: 'required' | 'optional' | 'repeated'
  readonly children?: readonly Node[]
}

/** A value of a column: its text where it is there, its level, and 0 where a row begins. */
export type Value = readonly [text: string, definition: number, repetition: number]

/** The values of a column, in one page, and how it is not as it should be. */
export interface Column {
  readonly path: readonly string[]
  readonly values: readonly Value[]
  /** Text that the header of its page holds as a statistic. */
  readonly statistic?: string
  /** Whether a page that is no data stands before. */
  readonly hasIndex?: boolean
  /** Values and bytes that its page says that it has, bytes that its end is off, and where its dictionary is said to be. */
  readonly claimed?: number
  readonly unpacked?: number
  readonly missing?: number
  readonly dictionaryAt?: number
}

/**
 * Writes a Parquet file of one row group, sound or not, and returns its path: pages of the first version, not compressed.
 * Source: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
 */
export function writeParquet(nodes: readonly Node[], columns: readonly Column[], rows: number): string {
  let file = [...Buffer.from('PAR1')]
  const chunks = columns.map((column) => {
    const start = file.length
    const bytes = [...(column.hasIndex ? page(1, [7, 7], {}) : []), ...dataPage(column, levelsOf(nodes, column.path))]
    file = [...file, ...bytes]
    return chunkOf(column, start, bytes.length)
  })
  const group = struct({1: list(chunks), 2: int64(file.length), 3: int64(rows)})
  const root = {name: 'schema', is: 'required', children: nodes} as const
  const footer = struct({1: int32(1), 2: list(elementsOf(root)), 3: int64(rows), 4: list([group])}).bytes
  const length = Buffer.alloc(4)
  length.writeUInt32LE(footer.length)
  return write('made.parquet', Buffer.from([...file, ...footer, ...length, ...Buffer.from('PAR1')]))
}

const repetitions = {required: 0, optional: 1, repeated: 2}

function elementsOf({name, is, children}: Node): Thrift[] {
  const own = children
    ? {3: int32(repetitions[is]), 4: binary(name), 5: int32(children.length)}
    : {1: int32(6), 3: int32(repetitions[is]), 4: binary(name), 6: int32(0)}
  return [struct(own), ...(children ?? []).flatMap(elementsOf)]
}

function chunkOf({path, values, missing = 0, dictionaryAt}: Column, start: number, length: number): Thrift {
  const meta = struct({
    1: int32(6),
    2: list([int32(0)]),
    3: list(path.map(binary)),
    4: int32(0),
    5: int64(values.length),
    6: int64(length),
    7: int64(length - missing),
    9: int64(start),
    11: dictionaryAt === undefined ? undefined : int64(dictionaryAt),
  })
  return struct({2: int64(start), 3: meta})
}

/** The highest levels of a column: nodes that may be missing, and lists. */
function levelsOf(
  nodes: readonly Node[],
  [name, ...rest]: readonly string[],
): {definition: number; repetition: number} {
  const {is, children = []} = nodes.find((node) => node.name === name)!
  const inner = rest.length > 0 ? levelsOf(children, rest) : {definition: 0, repetition: 0}
  return {
    definition: inner.definition + Number(is !== 'required'),
    repetition: inner.repetition + Number(is === 'repeated'),
  }
}

function dataPage(
  {values, statistic, claimed, unpacked}: Column,
  most: {definition: number; repetition: number},
): number[] {
  const levels = (max: number, of: readonly number[]) =>
    max === 0 ? [] : [2 * of.length, 0, 0, 0, ...of.flatMap((level) => [2, level])]
  const texts = values.filter(([, definition]) => definition === most.definition)
  const body = [
    ...levels(
      most.repetition,
      values.map(([, , repetition]) => repetition),
    ),
    ...levels(
      most.definition,
      values.map(([, definition]) => definition),
    ),
    ...texts.flatMap(([text]) => [Buffer.byteLength(text), 0, 0, 0, ...Buffer.from(text)]),
  ]
  const statistics = statistic === undefined ? undefined : struct({1: binary(statistic), 2: binary(statistic)})
  const header = {1: int32(claimed ?? values.length), 2: int32(0), 3: int32(3), 4: int32(3), 5: statistics}
  return page(0, body, {2: int32(unpacked ?? body.length), 5: struct(header)})
}

function page(type: number, body: readonly number[], header: Readonly<Record<number, Thrift>>): number[] {
  return [...struct({1: int32(type), 2: int32(body.length), 3: int32(body.length), ...header}).bytes, ...body]
}
