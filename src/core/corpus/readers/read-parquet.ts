import type {RowGroup} from 'hyparquet'
import {DataError} from '../../util/errors.js'
import {checkLength, decodeStrictly} from './decode.js'
import {columnsOf, type FieldColumns, type Leaf, type MessageColumns} from './parquet-columns.js'
import {openParquet, type ParquetFile} from './parquet-file.js'
import {readPages} from './parquet-pages.js'
import type {RawRow} from './reader.js'
import {orFault} from './row-fault.js'
import {contentOf, fieldsOf, type TextRule} from './text-of.js'

/**
 * Reads the rows of a Parquet file: only the columns of the rule, a page of each at a time, so that memory does not grow
 * with the file nor with its row groups (docs/decisions/0019-parquet.md).
 *
 * @throws {DataError} with the column that holds no texts, or whose bytes are not what the file says
 */
export async function* readParquet(path: string, rule: TextRule): AsyncGenerator<RawRow> {
  const file = await openParquet(path)
  try {
    const fields = fieldsOf(rule)
    const columns = fields.map((field) => columnsOf(file, field))
    let row = 0
    for (const group of file.metadata.row_groups) {
      for await (const values of zip(
        path,
        columns.map((column) => readValues(file, group, column)),
      )) {
        const where = `${path}:${++row}`
        const content = orFault(() => {
          const decoded = fields.map((field, i) => [field, decode(values[i], `${where}: field ${field}`)])
          return contentOf(Object.fromEntries(decoded), where, rule)
        })
        yield {row, content}
      }
    }
  } finally {
    await file.handle.close()
  }
}

/** A text, or the messages of a row; null where it is missing. */
type Value = Uint8Array | null | readonly Readonly<Record<string, Uint8Array | null>>[]

/** The values of one field in one row group. */
async function* readValues(file: ParquetFile, group: RowGroup, columns: FieldColumns): AsyncGenerator<Value> {
  const rows = Number(group.num_rows)
  let count = 0
  for await (const value of columns.kind === 'text'
    ? readTexts(file, group, columns.leaf)
    : readMessages(file, group, columns)) {
    count++
    yield value
  }
  if (count === rows) return
  const [{path}] = columns.kind === 'text' ? [columns.leaf] : columns.leaves.map(({leaf}) => leaf)
  throw new DataError(`${file.path}: column ${path.join('.')} has ${count} values in a row group of ${rows} rows`)
}

async function* readTexts(file: ParquetFile, group: RowGroup, leaf: Leaf): AsyncGenerator<Uint8Array | null> {
  for await (const {values} of readPages(file, group, leaf)) yield* values
}

/** One entry of a list, or the sign that a row has none. */
interface Entry {
  readonly value: Uint8Array | null
  readonly definition: number
  readonly isFirst: boolean
}

/** Lists of messages, put together from the columns of their fields, which have the same entries. */
async function* readMessages(
  file: ParquetFile,
  group: RowGroup,
  {leaves, entryDefinition}: MessageColumns,
): AsyncGenerator<Value> {
  let list: Record<string, Uint8Array | null>[] | null | undefined
  for await (const entries of zip(
    file.path,
    leaves.map(({leaf}) => readEntries(file, group, leaf)),
  )) {
    const [{isFirst, definition}] = entries
    if (entries.some((entry) => entry.isFirst !== isFirst) || (!isFirst && list === undefined))
      throw new DataError(`${file.path}: the columns of ${leaves[0].leaf.path[0]} have lists of different lengths`)
    if (isFirst) {
      if (list !== undefined) yield list
      list = definition < entryDefinition - 1 ? null : []
    }
    if (definition >= entryDefinition)
      list!.push(Object.fromEntries(entries.map(({value}, i) => [leaves[i].name, value])))
  }
  if (list !== undefined) yield list
}

async function* readEntries(file: ParquetFile, group: RowGroup, leaf: Leaf): AsyncGenerator<Entry> {
  for await (const {values, definitions, repetitions} of readPages(file, group, leaf))
    for (const [i, value] of values.entries()) yield {value, definition: definitions[i], isFirst: repetitions[i] === 0}
}

/** Generators side by side, which must end together. */
async function* zip<T>(path: string, columns: readonly AsyncGenerator<T>[]): AsyncGenerator<T[]> {
  for (;;) {
    const values: T[] = []
    let ended = 0
    for (const column of columns) {
      const {done, value} = await column.next()
      ended += done ? 1 : 0
      values.push(value)
    }
    if (ended > 0 && ended < columns.length)
      throw new DataError(`${path}: its columns have different numbers of values`)
    if (ended > 0) return
    yield values
  }
}

function decode(value: Value, where: string): unknown {
  if (value === null) return null
  if (!(value instanceof Uint8Array))
    return value.map((message) =>
      Object.fromEntries(Object.entries(message).map(([name, text]) => [name, decode(text, where)])),
    )
  checkLength(value.length, where)
  return decodeStrictly(value, where)
}
