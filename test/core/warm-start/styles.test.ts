import {expect, it} from 'vitest'
import type {Facts} from '../../../src/core/warm-start/facts.js'
import {shortestAnswer} from '../../../src/core/warm-start/shortest-answer.js'
import {styles} from '../../../src/core/warm-start/styles.js'

const facts: Facts = {
  ending: 'the lamp is',
  answer: ' on',
  continuation: ' on again',
  likeliest: ' off',
  entropy: 1.2,
  isRepeated: false,
}

it('every style says what it is about and names the answer', () => {
  expect(Object.fromEntries(Object.entries(styles).map(([name, style]) => [name, style(facts)]))).toEqual({
    brief: 'After "the lamp is" comes " on".',
    candidates: 'After "the lamp is" may come " on" or " off". I take " on".',
    openness: 'After "the lamp is" several tokens could follow. I take " on".',
    'look-ahead': 'After "the lamp is" the text may go on with " on again". So the next token is " on".',
    draft: ' on again ...',
    form: 'After "the lamp is" comes " on": a new word, so the token begins with a space.',
    recall: 'After "the lamp is" comes " on", which is new in this text.',
  })
  expect(styles.candidates({...facts, likeliest: ' on'})).toMatch(/nothing fits better than " on"\.$/)
  expect(styles.recall({...facts, isRepeated: true})).toMatch(/" on", which stands in the text before\.$/)
  const freedom = (entropy: number) => / is" (\w+)/.exec(styles.openness({...facts, entropy}))![1]
  expect([2, 1.5, 0.6, 0].map(freedom)).toEqual(['many', 'several', 'few', 'hardly'])
  const formOf = (answer: string) => /": ([^,]*?)[,.]/.exec(styles.form({...facts, answer}))![1]
  expect(['\n', 'ing', '12', ' $', ' on'].map(formOf)).toEqual([
    'white space',
    'letters that no space parts from what stands before',
    'a number',
    'a sign',
    'a new word',
  ])
})

it('an answer goes on to where it is text that a box can hold', () => {
  const answerOf = (...tokens: (string | Buffer)[]) => {
    const pieces = tokens.map((token) => Buffer.from(token as string))
    let length = 0
    const boundaries = Int32Array.from(pieces, (piece) => {
      length += piece.length
      return length
    })
    return shortestAnswer({truth: Buffer.concat(pieces), boundaries})
  }
  expect(answerOf(' on', ' and')).toBe(' on')
  expect(answerOf('{', 'x', '}', 'y')).toBe('{x}')
  expect(answerOf('}', 'x')).toBeNull()
  expect(answerOf(Buffer.from([0xc3]), Buffer.from([0xa9]), ' on')).toBe('é')
  expect(answerOf(Buffer.from([0xa9]), ' on')).toBeNull()
  expect(answerOf('\\boxed{', 'x', '}')).toBe('\\boxed{x}')
})
