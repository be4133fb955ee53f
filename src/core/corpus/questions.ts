import {basename} from 'node:path'
import {DataError} from '../util/errors.js'
import {BadRows} from './bad-rows.js'
import {orFault, RowFault} from './readers/row-fault.js'
import type {Fields} from './readers/text-of.js'
import {textIn, textOrNumberIn} from './row-fields.js'
import {readRowObjects} from './row-objects.js'

/** A question and its answer, as they stand in their file. */
export interface Question {
  /** `<file name>:<row>`, rows counted from 1. */
  readonly id: string
  readonly question: string
  /** The whole field: a solution that ends in the truth, or the truth alone. */
  readonly answer: string
  /** What a right answer is. */
  readonly truth: string
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
 * Reads a JSONL file of questions, decompressed if its name ends in `.gz` or `.zst`, or a Parquet file. Fields are texts that are
 * not blank; an answer may also be a number that JSON carries exactly.
 *
 * @param badRows is told of every row that is malformed or has no truth, and may throw it
 * @param truthOf finds the truth in an answer; null where there is none
 * @throws {DataError} naming file and row, when the file cannot be read, or it holds no questions
 */
export async function readQuestions(
  file: string,
  fields: QuestionFields = defaultFields,
  badRows = new BadRows(),
  truthOf: (answer: string) => string | null = (answer) => answer,
): Promise<Questions> {
  const questions: Question[] = []
  const seen = new Set<string>()
  let duplicateCount = 0
  for await (const {row, fields: found} of readRowObjects(file, exampleOf(fields))) {
    const id = `${basename(file)}:${row}`
    const parse = () => parseQuestion(found as Fields, `${file}:${row}`, fields, truthOf)
    const question = found instanceof RowFault ? found : orFault(parse)
    if (question instanceof RowFault) {
      badRows.meet(id, question)
      continue
    }
    const content = JSON.stringify([question.question, question.answer])
    if (seen.has(content)) duplicateCount++
    else questions.push({id, ...question})
    seen.add(content)
  }
  if (questions.length > 0) return {questions, duplicateCount}
  const leftOut = badRows.warning === null ? '' : `; ${badRows.warning}`
  throw new DataError(`${file} holds no questions; expected JSONL with ${exampleOf(fields)}${leftOut}`)
}

function parseQuestion(
  row: Fields,
  where: string,
  fields: QuestionFields,
  truthOf: (answer: string) => string | null,
): Omit<Question, 'id'> {
  const question = textIn(row, fields.question, where)
  const answer = textOrNumberIn(row, fields.answer, where)
  const truth = truthOf(answer)
  if (truth !== null) return {question, answer, truth}
  throw new RowFault(
    'no-truth',
    `${where}: field ${fields.answer} has no answer; expected it after ####, in \\boxed{...}, or alone`,
  )
}

function exampleOf({question, answer}: QuestionFields): string {
  return `{${JSON.stringify(question)}: "...", ${JSON.stringify(answer)}: "..."}`
}
