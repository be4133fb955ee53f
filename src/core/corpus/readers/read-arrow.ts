import {readForeignRows} from '../../tables/index.js'
import {DataError} from '../../util/errors.js'
import {checkLength, decodeStrictly} from './decode.js'
import {checkDocumentFile} from './read-chunks.js'
import type {RawRow} from './reader.js'
import {orFault} from './row-fault.js'
import {contentOf, type Fields, fieldsOf, suggestFields, type TextRule} from './text-of.js'

/**
 * Reads the rows of an Arrow table, IPC file or stream, such as those that the `datasets` library saves; one record batch is
 * in memory at a time.
 *
 * @throws {DataError} when it is no whole Arrow table, or a column is missing
 */
export async function* readArrow(file: string, rule: TextRule): AsyncGenerator<RawRow> {
  checkDocumentFile(file)
  let row = 0
  for (const values of readForeignRows(file, (columns) => chooseColumns(columns, file, rule))) {
    const where = `${file}:${++row}`
    yield {row, content: orFault(() => contentOf(decode(values, where) as Fields, where, rule))}
  }
}

/** The columns that the names of the rule lead into. */
function chooseColumns(columns: ReadonlyMap<string, string>, file: string, rule: TextRule): string[] {
  const names = [...columns.keys()]
  const chosen = fieldsOf(rule).flatMap((field) => {
    const own = names.filter((name) => field === name || field.startsWith(`${name}.`))
    if (own.length > 0) return own
    const texts = names.filter((name) => /Utf8|Struct|List/.test(columns.get(name)!))
    throw new DataError(`${file}: column ${field} is missing`, {suggestions: suggestFields(texts)})
  })
  return [...new Set(chosen)]
}

/** Bytes of texts become texts, and integers of 64 bits what JSON can hold, at whatever depth. */
function decode(value: unknown, where: string): unknown {
  if (value instanceof Uint8Array) {
    checkLength(value.length, where)
    return decodeStrictly(value, where)
  }
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (Array.isArray(value)) return value.map((entry) => decode(entry, where))
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => [name, decode(entry, `${where}: field ${name}`)]),
  )
}
