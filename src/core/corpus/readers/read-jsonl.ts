import {isObject} from '../../util/is-object.js'
import {readLines} from '../read-lines.js'
import {parseRow} from './parse-row.js'
import type {RawRow} from './reader.js'
import {orFault, RowFault} from './row-fault.js'
import type {RowNames} from './row-names.js'
import {contentOf, fieldsOf, type RowContent, type TextRule} from './text-of.js'

/**
 * Reads a file with one JSON object a line; blank lines are passed over and counted.
 *
 * @throws {DataError} when the file cannot be read
 */
export async function* readJsonl(file: string, rule: TextRule, names: RowNames): AsyncGenerator<RawRow> {
  for await (const {row, text} of readLines(file, names)) {
    const where = names(row)
    yield {row, content: text instanceof RowFault ? text : orFault(() => contentOfJson(text, where, rule))}
  }
}

/**
 * The content of a row that is written as JSON.
 *
 * @throws {RowFault} when it is not JSON, no object, or its fields are no document
 */
export function contentOfJson(json: string, where: string, rule: TextRule): RowContent {
  const example = fieldsOf(rule).map((field) => `${JSON.stringify(field)}: "..."`)
  return contentOf(parseObject(json, where, `{${example.join(', ')}}`), where, rule)
}

/**
 * The object that a row is.
 *
 * @param expected an example of it
 * @throws {RowFault} when it is not JSON, or no object
 */
export function parseObject(line: string, where: string, expected: string): Record<string, unknown> {
  const value = parseRow(line, where)
  if (isObject(value)) return value
  throw new RowFault('not-object', `${where} is not a JSON object; expected ${expected}`)
}
