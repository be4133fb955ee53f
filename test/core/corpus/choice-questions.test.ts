import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import {BadRows} from '../../../src/core/corpus/bad-rows.js'
import {readChoiceQuestions} from '../../../src/core/corpus/choice-questions.js'
import {DataError} from '../../../src/core/util/errors.js'
import {temporaryFolder} from '../../support/tiny-engine.js'

const fields = {question: 'question', options: 'options', answer: 'answer', category: 'category'}
const folder = temporaryFolder()

function fileOf(rows: readonly object[]): string {
  const file = join(folder, 'choices.jsonl')
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  return file
}

const read = (rows: readonly object[], names = fields, badRows = new BadRows()) =>
  readChoiceQuestions(fileOf(rows), names, badRows)

it.each([
  ['B', 1],
  [2, 2],
  ['nine', 2],
  [0, 0],
])('answer %j names option %i', async (answer, right) => {
  const [question] = await read([{question: 'q', options: ['one', 'five', 'nine'], answer, category: 'math'}])
  expect(question).toEqual({
    id: 'choices.jsonl:1',
    question: 'q',
    options: ['one', 'five', 'nine'],
    right,
    category: 'math',
  })
})

it.each([
  ['no such letter', {answer: 'D'}, 'is "D"; expected a letter from A to C'],
  ['an index beyond the options', {answer: 3}, 'is 3; expected an index from 0 to 2'],
  ['a letter that is the text of another option', {options: ['C', 'B', 'A'], answer: 'A'}, 'the letter of one option'],
  ['one option', {options: ['one'], answer: 'A'}, 'has 1 options; expected 2 to 26'],
  ['no list', {options: 'one', answer: 'A'}, 'field options holds no list of options'],
  ['a blank option', {options: ['one', ' '], answer: 'A'}, 'field options, option B is empty'],
  ['a category that is no text', {answer: 'A', category: 4}, 'field category is the number 4'],
])('%s is refused by file and row', async (_, changes, message) => {
  const row = {question: 'q', options: ['one', 'five', 'nine'], ...changes}
  await expect(read([row])).rejects.toThrow(DataError)
  await expect(read([row])).rejects.toThrow(message)
  await expect(read([row])).rejects.toThrow('choices.jsonl:1')
})

it('leaves bad rows out where that is asked for, and counts them', async () => {
  const badRows = new BadRows('skip')
  const found = await read([{question: 'q'}, {question: 'q', options: ['a', 'b'], answer: 'A'}], fields, badRows)
  expect(found.map(({id, category}) => [id, category])).toEqual([['choices.jsonl:2', null]])
  expect(badRows.summary.left_out).toBe(1)
})

it('reads the Parquet file of a benchmark, by letter or index', async () => {
  const file = join(import.meta.dirname, 'fixtures', 'choices.parquet')
  for (const answer of ['answer', 'answer_index']) {
    const found = await readChoiceQuestions(file, {...fields, answer}, new BadRows())
    expect(found.map(({question, options, right, category}) => [question, options[right], category])).toEqual([
      ['Which is a fruit?', 'apple', 'biology'],
      ['2 + 2 =', '4', 'math'],
    ])
  }
})

it('a letter that is the text of the same option is no contradiction', async () => {
  const [{right}] = await read([{question: 'q', options: ['A', 'B'], answer: 'B'}])
  expect(right).toBe(1)
})

it('an index below 0 is refused', async () => {
  await expect(read([{question: 'q', options: ['one', 'two'], answer: -1}])).rejects.toThrow(/is -1; expected an index/)
})
