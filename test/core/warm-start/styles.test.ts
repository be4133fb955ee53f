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
    candidates: 'It could be " off" or " on". Here " on" fits better.',
    openness: 'Several tokens could follow here. I choose " on".',
    'look-ahead': 'The text could go on like this: "the lamp is on again". So the next token is " on".',
    form: 'A new word comes next, so the token begins with a space: " on".',
    recall: '" on" is new in this text, but it fits after "the lamp is".',
  })
  expect(styles.candidates({...facts, likeliest: ' on'})).toMatch(/^The likeliest token is " on"/)
  expect(styles.recall({...facts, isRepeated: true})).toMatch(/^" on" stands in the text before/)
  expect([2, 1.5, 0.6, 0].map((entropy) => styles.openness({...facts, entropy}).split(' ')[0])).toEqual([
    'Many',
    'Several',
    'Only',
    'Hardly',
  ])
  expect(
    ['\n', 'ing', '12', ' $'].map((answer) =>
      styles
        .form({...facts, answer})
        .split(' ')
        .slice(0, 2),
    ),
  ).toEqual([
    ['White', 'space'],
    ['The', 'word'],
    ['A', 'number'],
    ['A', 'sign'],
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
