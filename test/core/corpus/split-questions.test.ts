import {describe, expect, it} from 'vitest'
import {splitQuestions} from '../../../src/core/corpus/split-questions.js'
import {DataError} from '../../../src/core/util/errors.js'

const questions = Array.from({length: 100}, (_, at) => ({
  id: `a.jsonl:${at + 1}`,
  question: `${at}+1?`,
  answer: 'x',
  truth: 'x',
}))
const idsOf = (part: readonly {id: string}[]) => part.map(({id}) => id).toSorted()

describe('a split of questions', () => {
  it('holds out so many, in the order of the file, and learns from the rest', () => {
    const {train, val} = splitQuestions(questions, {valFraction: 0.05, valDocuments: 20})
    expect(val).toHaveLength(20)
    expect([...train, ...val].toSorted((a, b) => questions.indexOf(a) - questions.indexOf(b))).toEqual(questions)
    expect(val).toEqual(questions.filter((question) => val.includes(question)))
  })

  it('depends on the texts, not on their order', () => {
    const settings = {valFraction: 0.3}
    const {val} = splitQuestions(questions, settings)
    expect(idsOf(splitQuestions(questions.toReversed(), settings).val)).toEqual(idsOf(val))
    const others = questions.map((question) => ({...question, question: `${question.question}?`}))
    expect(idsOf(splitQuestions(others, settings).val)).not.toEqual(idsOf(val))
    expect(val.length).toBeGreaterThan(15)
    expect(val.length).toBeLessThan(45)
  })

  it('keeps one question with two answers on one side', () => {
    const twice = questions.flatMap((question) => [question, {...question, id: `${question.id}b`, answer: 'y'}])
    const {train, val} = splitQuestions(twice, {valFraction: 0.3})
    const texts = new Set(val.map(({question}) => question))
    expect(train.some(({question}) => texts.has(question))).toBe(false)
  })

  it('may hold out all or none, and no more than there are', () => {
    expect(splitQuestions(questions, {valFraction: 1}).train).toEqual([])
    expect(splitQuestions(questions, {valFraction: 0, valDocuments: 100}).train).toEqual([])
    expect(splitQuestions(questions, {valFraction: 0}).val).toEqual([])
    expect(() => splitQuestions(questions, {valFraction: 0, valDocuments: 101})).toThrow(DataError)
  })
})
