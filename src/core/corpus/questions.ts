import {basename} from 'node:path'
import {DataError} from '../util/errors.js'
import {BadRows} from './bad-rows.js'
import {readLines} from './read-lines.js'
import {parseObject} from './readers/read-jsonl.js'
import {orFault, RowFault, type RowReason} from './readers/row-fault.js'
import {checkSurrogates} from './readers/text-of.js'

/** A question and its answer, as they stand in their file. */
export interface Question {
  /** `<file name>:<row>`, rows counted from 1. */
  readonly id: string
  readonly question: string
  /** The whole field: a solution that ends in the truth, or the truth alone. */
  readonly answer: string
}

/** What a file holds. */
export interface Questions {
  readonly questions: readonly Question[]
  /** Rows that were left out because an earlier one has the same question and answer. */
  readonly duplicateCount: number
}

/** Which fields of a row hold what. */
export interface QuestionFields {
  readonly question: string
  readonly answer: string
}

const defaultFields: QuestionFields = {question: 'question', answer: 'answer'}

/**
 * Reads a JSONL file of questions, decompressed if its name ends in `.gz` or `.zst`, row by row. Fields are texts that are
 * not blank; an answer may also be a number that JSON carries exactly.
 *
 * @param badRows is told of every row that is malformed, and may throw it
 * @throws {DataError} naming file and row, when the file cannot be read, or it holds no questions
 */
export async function readQuestions(
  file: string,
  fields: QuestionFields = defaultFields,
  badRows = new BadRows(),
): Promise<Questions> {
  const questions: Question[] = []
  const seen = new Set<string>()
  let duplicateCount = 0
  for await (const {row, text} of readLines(file)) {
    const id = `${basename(file)}:${row}`
    const found = text instanceof RowFault ? text : orFault(() => parseQuestion(text, `${file}:${row}`, fields))
    if (found instanceof RowFault) {
      badRows.meet(id, found)
      continue
    }
    const content = JSON.stringify([found.question, found.answer])
    if (seen.has(content)) duplicateCount++
    else questions.push({id, ...found})
    seen.add(content)
  }
  if (questions.length > 0) return {questions, duplicateCount}
  const leftOut = badRows.warning === null ? '' : `; ${badRows.warning}`
  throw new DataError(`${file} holds no questions; expected JSONL with ${exampleOf(fields)}${leftOut}`)
}

function parseQuestion(line: string, where: string, fields: QuestionFields): Omit<Question, 'id'> {
  const row = parseObject(line, where, exampleOf(fields))
  const answer = row[fields.answer]
  const isNumber = typeof answer === 'number' && (Number.isSafeInteger(answer) || !Number.isInteger(answer))
  return {
    question: checkText(row[fields.question], `${where}: field ${fields.question}`, row),
    answer: checkText(isNumber ? String(answer) : answer, `${where}: field ${fields.answer}`, row),
  }
}

function checkText(value: unknown, where: string, row: object): string {
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

function exampleOf({question, answer}: QuestionFields): string {
  return `{${JSON.stringify(question)}: "...", ${JSON.stringify(answer)}: "..."}`
}
