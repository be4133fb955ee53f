import {DataError} from '../../util/errors.js'
import {hasHalfPair} from '../../util/text-bytes.js'

/** Which fields of a row make the document, and what stands between them. */
export interface TextRule {
  /** In the order in which they are joined. */
  readonly textField: string | readonly string[]
  /** An empty line unless given. */
  readonly separator?: string
}

/** What stands between the fields of a document unless another separator is given. */
export const defaultSeparator = '\n\n'

/** The fields of a rule, in order. */
export function fieldsOf({textField}: TextRule): readonly string[] {
  return [textField].flat()
}

/**
 * The document of a row: its fields in the order of the rule, joined by the separator.
 *
 * @param where the file and row, for the message
 * @throws {DataError} when a field is missing, empty, no text, or holds half a surrogate pair
 */
export function textOf(row: Readonly<Record<string, unknown>>, where: string, rule: TextRule): string {
  return fieldsOf(rule)
    .map((field) => fieldText(row, field, where))
    .join(rule.separator ?? defaultSeparator)
}

function fieldText(row: Readonly<Record<string, unknown>>, field: string, where: string): string {
  const text: unknown = Object.hasOwn(row, field) ? row[field] : undefined
  if (typeof text === 'string' && hasHalfPair(text))
    throw new DataError(`${where}: field ${field} has half a surrogate pair, which no UTF-8 can hold`)
  if (typeof text === 'string' && text !== '') return text
  const texts = Object.entries(row).flatMap(([name, value]) => (typeof value === 'string' && value ? [name] : []))
  throw new DataError(`${where}: field ${field} is ${describe(text)}; expected a text`, {
    suggestions: text === undefined ? suggestFields(texts) : [],
  })
}

/** What to set `data.textField` to, where there is anything. */
export function suggestFields(fields: readonly string[]): string[] {
  return fields.length > 0 ? [`set data.textField to one of ${fields.join(', ')}`] : []
}

function describe(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === '') return 'empty'
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}
