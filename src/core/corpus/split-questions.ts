import {DataError} from '../util/errors.js'
import type {Question} from './questions.js'
import {contentHash, holdOutBound, type SplitSettings} from './split.js'

/** Questions to learn from, and questions that are only asked. */
export interface QuestionSplit {
  readonly train: readonly Question[]
  readonly val: readonly Question[]
}

/**
 * Holds questions out by the hash of their text, as documents are: the order of the file does not matter, and one question
 * with two answers stays on one side. Runs of every seed hold out the same, so that none is asked what another has learned.
 *
 * @throws {DataError} when there are fewer questions than are to be held out
 */
export function splitQuestions(questions: readonly Question[], settings: SplitSettings): QuestionSplit {
  const {valDocuments = 0} = settings
  if (valDocuments > questions.length)
    throw new DataError(`${valDocuments} questions are to be held out, but there are only ${questions.length}`, {
      suggestions: ['lower data.valDocuments', 'give more questions'],
    })
  const hashes = questions.map(({question}) => contentHash(question, splitSeed))
  const bound = holdOutBound(hashes, settings)
  return {
    train: questions.filter((_, at) => hashes[at] >= bound),
    val: questions.filter((_, at) => hashes[at] < bound),
  }
}

const splitSeed = 0
