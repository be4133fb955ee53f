import {RowFault, type RowReason} from './readers/row-fault.js'
import {checkSurrogates, type Fields} from './readers/text-of.js'

/**
 * The text in a field of a row: not blank, and not half a surrogate pair.
 *
 * @param where file and row, for the message
 * @throws {RowFault} with what the field holds instead
 */
export function textIn(row: Fields, field: string, where: string): string {
  return checkText(row[field], `${where}: field ${field}`, row)
}

/**
 * The same; a number that JSON carries exactly counts as its text.
 *
 * @throws {RowFault} with what the field holds instead
 */
export function textOrNumberIn(row: Fields, field: string, where: string): string {
  const value = row[field]
  const isNumber = typeof value === 'number' && (Number.isSafeInteger(value) || !Number.isInteger(value))
  return checkText(isNumber ? String(value) : value, `${where}: field ${field}`, row)
}

/** @throws {RowFault} when a value is no text, or blank */
export function checkText(value: unknown, where: string, row: Fields): string {
  if (typeof value === 'string' && value.trim() !== '') {
    checkSurrogates(value, where)
    return value
  }
  const fields = Object.keys(row).slice(0, maxListedFields).join(', ') || 'none'
  if (value === undefined) throw new RowFault('missing', `${where} is missing; the row has ${fields}`)
  const [reason, seen] = describe(value)
  throw new RowFault(reason, `${where} is ${seen}; expected a text`)
}

const maxListedFields = 20

function describe(value: unknown): [RowReason, string] {
  if (typeof value === 'string') return ['empty', 'empty']
  if (value === null) return ['null', 'null']
  if (typeof value === 'number') return ['not-text', `the number ${value}`]
  return ['not-text', Array.isArray(value) ? 'a list' : `a ${typeof value}`]
}
