import {pipeline, Readable} from 'node:stream'
import {CsvError, parse} from 'csv-parse'
import {DataError} from '../../util/errors.js'
import {checkLength, decodeStrictly, maxDocumentBytes} from './decode.js'
import {mayKeepQuotes, splitRecord} from './lenient-quotes.js'
import {readChunks} from './read-chunks.js'
import type {RawRow, Reader} from './reader.js'
import {orFault, RowFault} from './row-fault.js'
import {contentOf, fieldsOf, suggestFields, type TextRule} from './text-of.js'

/**
 * Reads values that a character separates, under a header: quoted where they hold that character, a quote (doubled) or a
 * line end. Rows are counted from 1, the header and blank lines aside. One row is in memory at a time.
 *
 * Source: RFC 4180; as Python's `csv` reads it, a quote inside a value that begins with none is a character, and what
 * follows a closing quote belongs to the value.
 */
export function readDelimited(delimiter: ',' | '\t'): Reader {
  return async function* (file, rule) {
    let columns: Columns | null = null
    let row = 0
    for await (const values of recordsOf(file, delimiter)) {
      if (columns) yield contentOfRecord(values, columns, file, ++row)
      else columns = findColumns(values, file, rule)
    }
  }
}

/** What the parser gives: values without their quotes, and the record as it stands. */
interface ParsedRecord {
  readonly record: readonly string[]
  readonly raw: string
}

/** The records of a file, values with one character for each byte, so that a row that is not UTF-8 can be named. */
async function* recordsOf(file: string, delimiter: string): AsyncGenerator<readonly string[]> {
  const lineEnds = (await endsInReturns(file)) ? ['\r'] : ['\r\n', '\n']
  const parser = parse({
    delimiter,
    encoding: 'latin1',
    record_delimiter: lineEnds,
    relax_column_count: true,
    relax_quotes: true,
    raw: true,
    skip_empty_lines: true,
    max_record_size: 2 * maxDocumentBytes,
  })
  try {
    const records: AsyncIterable<ParsedRecord> = pipeline(Readable.from(readChunks(file)), parser, () => {})
    for await (const {record, raw} of records)
      yield mayKeepQuotes(record) ? splitRecord(raw, record, delimiter, lineEnds) : record
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause
    throw new DataError(`${file}: after record ${cause.records}, up to line ${cause.lines}: ${whatFails(cause)}`, {
      cause,
    })
  }
}

/** Bytes of a header that are searched for its end. */
const maxHeaderBytes = 2 ** 20

/**
 * Whether the header ends in a carriage return alone. Elsewhere one is a character of a value: pandas writes it without
 * quotes.
 */
async function endsInReturns(file: string): Promise<boolean> {
  let header = ''
  for await (const chunk of readChunks(file)) {
    header += chunk.toString('latin1')
    if (/[\r\n]./s.test(header) || header.length > maxHeaderBytes) break
  }
  return /^[^\r\n]*\r(?!\n)/.test(header)
}

function whatFails({code, message}: CsvError): string {
  if (code === 'CSV_QUOTE_NOT_CLOSED') return 'a quote is opened and not closed'
  if (code === 'CSV_MAX_RECORD_SIZE')
    return `a record is longer than ${(2 * maxDocumentBytes) / 2 ** 20} MiB, or has a quote that is not closed`
  return message
}

/** The names of all columns, and the places of those that are wanted. */
interface Columns {
  readonly names: readonly string[]
  readonly wanted: readonly {readonly name: string; readonly index: number}[]
  readonly rule: TextRule
}

/** What to do about a header of one column that has another separator in its name: no field has that name. */
function otherSeparator(names: readonly string[]): string[] | null {
  const separator = names.length === 1 ? /[;\t|]/.exec(names[0])?.[0] : undefined
  return separator
    ? [`save it with commas (.csv) or tabs (.tsv): ${JSON.stringify(separator)} seems to separate its columns`]
    : null
}

function findColumns(header: readonly string[], file: string, rule: TextRule): Columns {
  const names = header.map((name) => decodeStrictly(Buffer.from(name, 'latin1'), `${file}: its header`))
  const wanted = fieldsOf(rule).map((name) => {
    const index = names.indexOf(name)
    if (index < 0)
      throw new DataError(`${file}: column ${name} is missing in its header: ${names.join(' | ').slice(0, 200)}`, {
        suggestions: otherSeparator(names) ?? suggestFields(names.filter((other) => other !== '')),
      })
    if (names.indexOf(name, index + 1) > 0) throw new DataError(`${file}: its header has column ${name} twice`)
    return {name, index}
  })
  return {names, wanted, rule}
}

function contentOfRecord(values: readonly string[], {names, wanted, rule}: Columns, file: string, row: number): RawRow {
  const where = `${file}:${row}`
  const content = orFault(() => {
    if (values.length !== names.length)
      throw new RowFault('columns', `${where} has ${values.length} values; the header has ${names.length} columns`)
    const fields = wanted.map(({name, index}) => {
      checkLength(values[index].length, `${where}: field ${name}`)
      return [name, decodeStrictly(Buffer.from(values[index], 'latin1'), `${where}: field ${name}`)]
    })
    return contentOf(Object.fromEntries(fields), where, rule)
  })
  return {row, content}
}
