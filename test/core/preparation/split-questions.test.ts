import {describe, expect, it} from 'vitest'
import {splitQuestions} from '../../../src/core/preparation/split-questions.js'
import {DataError} from '../../../src/core/util/errors.js'

const questions = Array.from({length: 100}, (_, at) => ({id: `a.jsonl:${at + 1}`, question: `${at}+1?`, answer: 'x'}))
const idsOf = (part: readonly {id: string}[]) => part.map(({id}) => id).toSorted()

describe('a split of questions', () => {
  it('holds out so many, in the order of the file, and learns from the rest', () => {
    const {train, val} = splitQuestions(questions, {valFraction: 0.05, valDocuments: 20}, 1)
    expect(val).toHaveLength(20)
    expect([...train, ...val].toSorted((a, b) => questions.indexOf(a) - questions.indexOf(b))).toEqual(questions)
    expect(val).toEqual(questions.filter((question) => val.includes(question)))
  })

  it('depends on the seed and on the texts, not on their order', () => {
    const settings = {valFraction: 0.3}
    const {val} = splitQuestions(questions, settings, 1)
    expect(idsOf(splitQuestions(questions.toReversed(), settings, 1).val)).toEqual(idsOf(val))
    expect(idsOf(splitQuestions(questions, settings, 2).val)).not.toEqual(idsOf(val))
    expect(val.length).toBeGreaterThan(15)
    expect(val.length).toBeLessThan(45)
  })

  it('keeps one question with two answers on one side', () => {
    const twice = questions.flatMap((question) => [question, {...question, id: `${question.id}b`, answer: 'y'}])
    const {train, val} = splitQuestions(twice, {valFraction: 0.3}, 1)
    const texts = new Set(val.map(({question}) => question))
    expect(train.some(({question}) => texts.has(question))).toBe(false)
  })

  it('leaves something to learn from', () => {
    expect(() => splitQuestions(questions, {valFraction: 0, valDocuments: 100}, 1)).toThrow(DataError)
    expect(() => splitQuestions(questions, {valFraction: 1}, 1)).toThrow('all 100 questions are held out')
    expect(splitQuestions(questions, {valFraction: 0}, 1).val).toEqual([])
  })
})
