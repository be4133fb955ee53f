import {parquetReadObjects} from 'hyparquet'
import {compressors} from 'hyparquet-compressors'
import {readLines} from './read-lines.js'
import {failDecoding, openParquet, readBytes} from './readers/parquet-file.js'
import {parseObject} from './readers/read-jsonl.js'
import {orFault, RowFault} from './readers/row-fault.js'
import type {Fields} from './readers/text-of.js'

/** One row of a file as an object. */
export interface RowObject {
  /** Counted from 1. */
  readonly row: number
  /** Or what is wrong with it. */
  readonly fields: Fields | RowFault
}

/**
 * Reads the rows of a JSONL file (also `.gz` and `.zst`) or of a Parquet file, whole objects with all their fields. A Parquet
 * file is held in memory: benchmarks are small.
 *
 * @param expected an example of a row, for messages
 * @throws {DataError} when the file cannot be read
 */
export async function* readRowObjects(file: string, expected: string): AsyncGenerator<RowObject> {
  if (file.toLowerCase().endsWith('.parquet')) yield* readParquetObjects(file)
  else
    for await (const {row, text} of readLines(file))
      yield {
        row,
        fields: text instanceof RowFault ? text : orFault(() => parseObject(text, `${file}:${row}`, expected)),
      }
}

async function* readParquetObjects(path: string): AsyncGenerator<RowObject> {
  const {handle, size} = await openParquet(path)
  try {
    const slice = async (start: number, end = size) => (await readBytes(handle, start, end - start)).buffer
    const rows = await parquetReadObjects({file: {byteLength: size, slice}, compressors}).catch(
      failDecoding(`${path}: the rows of the Parquet file`),
    )
    for (const [index, fields] of rows.entries()) yield {row: index + 1, fields: withPlainNumbers(fields)}
  } finally {
    await handle.close()
  }
}

/** 64-bit integers as numbers, as JSON has them. */
function withPlainNumbers(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]),
  )
}
