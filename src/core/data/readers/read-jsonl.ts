import {DataError} from '../../util/errors.js'
import {readLines} from '../read-lines.js'
import {parseRow} from './parse-row.js'
import type {RawRow} from './readers.js'
import {fieldsOf, type TextRule, textOf} from './text-of.js'

/**
 * Reads a file with one JSON object a line; blank lines are passed over and counted.
 *
 * @throws {DataError} with file and line
 */
export async function* readJsonl(file: string, rule: TextRule): AsyncGenerator<RawRow> {
  for await (const {row, text} of readLines(file)) {
    const where = `${file}:${row}`
    yield {row, text: textOf(parseObject(text, where, rule), where, rule)}
  }
}

function parseObject(line: string, where: string, rule: TextRule): Record<string, unknown> {
  const value = parseRow(line, where)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  const example = fieldsOf(rule).map((field) => `${JSON.stringify(field)}: "..."`)
  throw new DataError(`${where} is not a JSON object; expected {${example.join(', ')}}`)
}
