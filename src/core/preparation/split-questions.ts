import type {Question} from '../corpus/questions.js'
import {DataError} from '../util/errors.js'
import {contentHash, holdOutBound, type SplitSettings} from './split.js'

/** Questions to learn from, and questions that are only asked. */
export interface QuestionSplit {
  readonly train: readonly Question[]
  readonly val: readonly Question[]
}

/**
 * Holds questions out by the seeded hash of their text, as documents are: the order of the file does not matter, and one
 * question with two answers stays on one side.
 *
 * @throws {DataError} when there are fewer questions than are to be held out, or none is left to learn from
 */
export function splitQuestions(questions: readonly Question[], settings: SplitSettings, seed: number): QuestionSplit {
  const {valDocuments = 0} = settings
  if (valDocuments >= questions.length)
    throw new DataError(
      `${valDocuments} questions are to be held out, but there are only ${questions.length}, and one must be left`,
      {suggestions: ['lower data.valDocuments', 'give more questions']},
    )
  const hashes = questions.map(({question}) => contentHash(question, seed))
  const bound = holdOutBound(hashes, settings)
  const split = {
    train: questions.filter((_, at) => hashes[at] >= bound),
    val: questions.filter((_, at) => hashes[at] < bound),
  }
  if (split.train.length > 0) return split
  throw new DataError(`all ${questions.length} questions are held out (data.valFraction is ${settings.valFraction})`, {
    suggestions: ['lower data.valFraction', 'give more questions'],
  })
}
