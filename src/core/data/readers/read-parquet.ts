import type {RowGroup, SchemaTree} from 'hyparquet'
import {DataError} from '../../util/errors.js'
import {checkLength, decodeStrictly} from './decode.js'
import {openParquet, type ParquetFile, textColumn} from './parquet-file.js'
import {readPages} from './parquet-pages.js'
import type {RawRow} from './readers.js'
import {fieldsOf, type TextRule, textOf} from './text-of.js'

/**
 * Reads the rows of a Parquet file: only the columns of the rule, a page of each at a time, so that memory does not grow
 * with the file nor with its row groups.
 *
 * @throws {DataError} with file and row, or with the column that holds no texts
 */
export async function* readParquet(path: string, rule: TextRule): AsyncGenerator<RawRow> {
  const file = await openParquet(path)
  try {
    const columns = fieldsOf(rule).map((field) => textColumn(file, field))
    let row = 0
    for (const group of file.metadata.row_groups) {
      for await (const values of zip(columns.map((column) => readValues(file, group, column)))) {
        row++
        const where = `${path}:${row}`
        const texts = columns.map(({element: {name}}, i) => [name, decode(values[i], `${where}: field ${name}`)])
        yield {row, text: textOf(Object.fromEntries(texts), where, rule)}
      }
    }
  } finally {
    await file.handle.close()
  }
}

/** The values of one column in one row group: UTF-8 bytes, or null. */
async function* readValues(file: ParquetFile, group: RowGroup, column: SchemaTree): AsyncGenerator<Uint8Array | null> {
  const rows = Number(group.num_rows)
  let count = 0
  for await (const page of readPages(file, group, column)) {
    count += page.length
    yield* page
  }
  if (count !== rows)
    throw new DataError(
      `${file.path}: column ${column.element.name} has ${count} values in a row group of ${rows} rows`,
    )
}

/** Generators side by side; they end together. */
async function* zip(columns: readonly AsyncGenerator<Uint8Array | null>[]): AsyncGenerator<(Uint8Array | null)[]> {
  for (;;) {
    const values: (Uint8Array | null)[] = []
    let ended = 0
    for (const column of columns) {
      const {done, value} = await column.next()
      ended += done ? 1 : 0
      values.push(value)
    }
    if (ended > 0) return
    yield values
  }
}

function decode(value: Uint8Array | null, where: string): string | null {
  if (value === null) return null
  checkLength(value.length, where)
  return decodeStrictly(value, where)
}
