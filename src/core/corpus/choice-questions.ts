import {basename} from 'node:path'
import {DataError} from '../util/errors.js'
import type {BadRows} from './bad-rows.js'
import {orFault, RowFault} from './readers/row-fault.js'
import type {Fields} from './readers/text-of.js'
import {checkText, textIn} from './row-fields.js'
import {readRowObjects} from './row-objects.js'

/** A question with answers to choose from. */
export interface ChoiceQuestion {
  /** `<file name>:<row>`, rows counted from 1. */
  readonly id: string
  readonly question: string
  readonly options: readonly string[]
  /** Index of the right option. */
  readonly right: number
  /** Null where its row names none. */
  readonly category: string | null
}

/** Which fields of a row hold what. */
export interface ChoiceFields {
  readonly question: string
  readonly options: string
  readonly answer: string
  readonly category: string
}

/** The letter of an option; its index from 0. */
export const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'

/**
 * Reads a file of questions with options (JSONL, also `.gz` and `.zst`, or Parquet), such as MMLU-Pro and SuperGPQA. The answer is the
 * letter of an option, its index from 0 as a number, or its text.
 *
 * @param badRows is told of every row that is malformed, and may throw it
 * @throws {DataError} naming file and row, when the file cannot be read, or it holds no questions
 */
export async function readChoiceQuestions(
  file: string,
  fields: ChoiceFields,
  badRows: BadRows,
): Promise<ChoiceQuestion[]> {
  const questions: ChoiceQuestion[] = []
  for await (const {row, fields: found} of readRowObjects(file, exampleOf(fields))) {
    const id = `${basename(file)}:${row}`
    const question = found instanceof RowFault ? found : orFault(() => parseRow(found, `${file}:${row}`, fields))
    if (question instanceof RowFault) badRows.meet(id, question)
    else questions.push({id, ...question})
  }
  if (questions.length > 0) return questions
  throw new DataError(`${file} holds no questions with options; expected rows as ${exampleOf(fields)}`)
}

function parseRow(row: Fields, where: string, fields: ChoiceFields): Omit<ChoiceQuestion, 'id'> {
  const question = textIn(row, fields.question, where)
  const options = optionsIn(row, fields.options, where)
  const category = row[fields.category] === undefined ? null : textIn(row, fields.category, where)
  return {question, options, right: rightOf(row[fields.answer], options, `${where}: field ${fields.answer}`), category}
}

function optionsIn(row: Fields, field: string, where: string): string[] {
  const value = row[field]
  const at = `${where}: field ${field}`
  if (!Array.isArray(value))
    throw new RowFault(value === undefined ? 'missing' : 'not-text', `${at} holds no list of options`)
  if (value.length < 2 || value.length > letters.length)
    throw new RowFault('not-text', `${at} has ${value.length} options; expected 2 to ${letters.length}`)
  return value.map((option, i) => checkText(option, `${at}, option ${letters[i]}`, row))
}

/** @throws {RowFault} when an answer names no option, or two */
function rightOf(answer: unknown, options: readonly string[], where: string): number {
  const last = letters[options.length - 1]
  if (typeof answer === 'number') {
    if (Number.isInteger(answer) && answer >= 0 && answer < options.length) return answer
    throw new RowFault('not-text', `${where} is ${answer}; expected an index from 0 to ${options.length - 1}`)
  }
  const named = typeof answer === 'string' && answer.length === 1 ? letters.indexOf(answer) : -1
  const [letter, text] = [named < options.length ? named : -1, options.indexOf(answer as string)]
  if (letter >= 0 && text >= 0 && letter !== text)
    throw new RowFault(
      'not-text',
      `${where} is ${JSON.stringify(answer)}: the letter of one option and the text of another`,
    )
  if (letter < 0 && text < 0)
    throw new RowFault(
      'not-text',
      `${where} is ${JSON.stringify(answer)}; expected a letter from A to ${last}, an index from 0, or the text of an option`,
    )
  return Math.max(letter, text)
}

function exampleOf({question, options, answer}: ChoiceFields): string {
  return `{${JSON.stringify(question)}: "...", ${JSON.stringify(options)}: ["...", "..."], ${JSON.stringify(answer)}: "A"}`
}
