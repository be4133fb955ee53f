import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import {writeQuestions as writeChoices} from '../../experiments/multiple-choice/questions.js'
import {writeQuestions} from '../../experiments/rlvr/questions.js'
import {temporaryFolder} from '../support/tiny-engine.js'

const folder = temporaryFolder()
const corpus = readFileSync(join(import.meta.dirname, '..', '..', 'experiments', 'tiny', 'corpus.jsonl'), 'utf8')

/** Start, operations and label of a question, read from its text alone. */
const shape =
  /^The \w+ (?:dial of \w+ shows|team starts in|robot faces) (\w+)\. \w+: (.*)\. After ([A-D]) it (?:shows|is|faces)$/

const months = 'January February March April May June July August September October November December'.split(' ')
const operations: Readonly<Record<string, (state: string, operation: string) => string>> = {
  dial: (state, operation) =>
    String({triple: 3 * +state, up: +state + 4, flip: 9 - +state, down: +state + 9}[operation]! % 10),
  team: (state, operation) => {
    const at = months.indexOf(state)
    return months[{late: at + 5, mirror: 11 - at, early: at + 10, leap: 5 * at}[operation]! % 12]
  },
  robot: (state, operation) => {
    const directions = ['north', 'east', 'south', 'west']
    const at = directions.indexOf(state)
    return directions[{left: at + 3, right: at + 1, around: at + 2, mirror: 4 - at}[operation]! % 4]
  },
}

interface Row {
  readonly question: string
  readonly answer: string
  readonly options?: readonly string[]
  readonly category?: string
}

function rowsOf(write: (file: string) => void): Row[] {
  const file = join(folder, 'questions.jsonl')
  write(file)
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

function answerTo(question: string): string {
  const [, start, listed, label] = shape.exec(question)!
  const family = ['dial', 'team', 'robot'].find((name) => question.includes(` ${name} `))!
  const steps = listed.split(', ').slice(0, 'ABCD'.indexOf(label) + 1)
  return steps.reduce((state, step) => operations[family](state, step.split(' ')[1]), start)
}

it('the questions of rlvr follow from their text, and are about problems that are not in the corpus', () => {
  const rows = rowsOf(writeQuestions)
  expect(rows).toHaveLength(456)
  for (const {question, answer} of rows) expect(answerTo(question), question).toBe(answer)
  expect(new Set(rows.map(({question}) => shape.exec(question)![3])).size).toBe(4)
  // What its README says: a model that always computes to the fourth operation is right at 35%.
  const whole = rows.filter(({question, answer}) => answerTo(question.replace(/After [A-C]/, 'After D')) === answer)
  expect(Math.round((100 * whole.length) / rows.length)).toBe(35)
  expect(rows.filter(({question}) => corpus.includes(question.split(' After ')[0]))).toEqual([])
})

it('the questions of multiple-choice have four different options, one of them right', () => {
  const rows = rowsOf(writeChoices)
  expect(rows).toHaveLength(600)
  for (const {question, answer, options} of rows) {
    expect(answerTo(question), question).toBe(answer)
    expect(new Set(options).size).toBe(4)
    expect(options).toContain(answer)
  }
  const places = rows.map(({options, answer}) => options!.indexOf(answer))
  for (const place of [0, 1, 2, 3]) expect(places.filter((one) => one === place).length).toBeGreaterThan(100)
  expect(new Set(rows.map(({category}) => category))).toEqual(new Set(['dial', 'team', 'robot']))
})
