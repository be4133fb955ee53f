import {mkdtempSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {gzipSync} from 'node:zlib'
import {describe, expect, it} from 'vitest'
import {BadRows} from '../../../src/core/corpus/bad-rows.js'
import {type QuestionFields, readQuestions} from '../../../src/core/corpus/questions.js'
import {DataError} from '../../../src/core/util/errors.js'

function write(content: string | Uint8Array, name = 'sums.jsonl'): string {
  const file = join(mkdtempSync(join(tmpdir(), 'rpt-questions-')), name)
  writeFileSync(file, content)
  return file
}

function read(content: string | Uint8Array, name?: string, fields?: QuestionFields, badRows?: BadRows) {
  return readQuestions(write(content, name), fields, badRows)
}

const line = (question: unknown, answer: unknown) => `${JSON.stringify({question, answer})}\n`

describe('questions', () => {
  it('are the rows of a file, with their numbers', async () => {
    expect(await read(`${line('1+1?', '#### 2')}\n${line(' 1+2? ', '3')}`)).toEqual({
      questions: [
        {id: 'sums.jsonl:1', question: '1+1?', answer: '#### 2', truth: '#### 2'},
        {id: 'sums.jsonl:3', question: ' 1+2? ', answer: '3', truth: '3'},
      ],
      duplicateCount: 0,
    })
  })

  it('may be compressed', async () => {
    const {questions} = await read(gzipSync(line('1+1?', '2')), 'sums.jsonl.gz')
    expect(questions).toEqual([{id: 'sums.jsonl.gz:1', question: '1+1?', answer: '2', truth: '2'}])
  })

  it('stand in any fields, the others being ignored', async () => {
    const {questions} = await read('{"problem":"p","solution":"s","level":5}', 'a.jsonl', {
      question: 'problem',
      answer: 'solution',
    })
    expect(questions).toEqual([{id: 'a.jsonl:1', question: 'p', answer: 's', truth: 's'}])
  })

  it('have answers that are texts or numbers', async () => {
    const {questions} = await read(line('a', 72) + line('b', -0.5))
    expect(questions.map(({answer}) => answer)).toEqual(['72', '-0.5'])
  })

  it('that are there already are left out and counted, unless the answer is another', async () => {
    const {questions, duplicateCount} = await read(line('a', '1') + line('b', '1') + line('a', '1') + line('a', '2'))
    expect(questions.map(({id}) => id)).toEqual(['sums.jsonl:1', 'sums.jsonl:2', 'sums.jsonl:4'])
    expect(duplicateCount).toBe(1)
  })
})

describe('rows that are no questions', () => {
  it.each([
    ['{"question":"a"}', 'sums.jsonl:2: field answer is missing; the row has question'],
    ['{}', 'sums.jsonl:2: field question is missing; the row has none'],
    [line('', '1'), 'sums.jsonl:2: field question is empty; expected a text'],
    [line('a', ' \n'), 'sums.jsonl:2: field answer is empty; expected a text'],
    [line(null, '1'), 'sums.jsonl:2: field question is null; expected a text'],
    [line(3, '1'), 'sums.jsonl:2: field question is the number 3; expected a text'],
    [line('a', ['1']), 'sums.jsonl:2: field answer is a list; expected a text'],
    [line('a', true), 'sums.jsonl:2: field answer is a boolean; expected a text'],
    [
      '{"question":"a","answer":12345678901234567890}',
      'sums.jsonl:2: field answer is the number 12345678901234567000; expected a text',
    ],
    ['{"question":"\\ud800","answer":"1"}', 'sums.jsonl:2: field question has half a surrogate pair'],
    ['[1]', 'sums.jsonl:2 is not a JSON object; expected {"question": "...", "answer": "..."}'],
    ['{"question"', 'sums.jsonl:2 is not JSON'],
  ])('%s', async (row, message) => {
    const reading = read(line('first', '1') + row)
    await expect(reading).rejects.toThrow(DataError)
    await expect(reading).rejects.toThrow(message)
    await expect(reading).rejects.toMatchObject({suggestions: [expect.stringContaining('data.onBadRow=skip')]})
  })

  it('are left out and counted where that is the setting', async () => {
    const badRows = new BadRows('skip')
    const {questions} = await read(`${line('', '1')}${line('a', '1')}{`, 'sums.jsonl', undefined, badRows)
    expect(questions.map(({id}) => id)).toEqual(['sums.jsonl:2'])
    expect(badRows.summary).toEqual({left_out: 2, reasons: {empty: 1, 'not-json': 1}})
  })

  it('may not be all there is', async () => {
    await expect(read('\n')).rejects.toThrow('sums.jsonl holds no questions; expected JSONL with {"question": "..."')
    await expect(read('{', 'a.jsonl', undefined, new BadRows('skip'))).rejects.toThrow('rows left out')
    await expect(readQuestions('/nowhere/a.jsonl')).rejects.toThrow(DataError)
  })
})
