import {expect, it} from 'vitest'
import {exact} from '../../../src/core/rewards/verify/exact.js'
import {choiceForms} from '../../../src/core/tasks/choices/choice-forms.js'

const question = {
  id: 'f:1',
  question: 'Capital of France?',
  options: ['Rome', 'Oslo', 'Paris'],
  right: 2,
  category: null,
}

it('lists options with letters, and asks for the letter', () => {
  const {asked, answer} = choiceForms.lettered
  expect(asked(question)).toBe('Capital of France?\nA. Rome\nB. Oslo\nC. Paris')
  expect(answer(question, 2)).toBe('C')
})

it.each([
  ['C', true],
  [' (C) ', true],
  ['C.', true],
  ['C) Paris', true],
  ['\\text{C}', true],
  ['C. Rome', false],
  ['B', false],
  ['c', false],
  ['Paris', false],
  ['CC', false],
  ['D', false],
  ['', false],
])('a box with %j is right: %s', (boxed, correct) => {
  expect(choiceForms.lettered.isRight(boxed, question, exact)).toMatchObject({correct})
})

it('shows no options in a cloze, whose answer is the text of one', () => {
  const {asked, answer, isRight} = choiceForms.cloze
  expect([asked(question), answer(question, 1)]).toEqual(['Capital of France?', 'Oslo'])
  expect(isRight(' Paris', question, exact)).toMatchObject({correct: true})
  expect(isRight('C', question, exact)).toMatchObject({correct: false})
})

it('a letter beyond the options is none, whatever stands behind it', () => {
  const {isRight} = choiceForms.lettered
  for (const boxed of ['D', 'D. Paris'])
    expect(isRight(boxed, question, exact)).toEqual({
      correct: false,
      explanation: 'the box holds no letter of an option; right is C',
    })
})

it('spaces around an option do not count in the box', () => {
  const spaced = {...question, options: ['Rome', 'Oslo', ' Paris ']}
  expect(choiceForms.lettered.isRight('C. Paris', spaced, exact)).toMatchObject({correct: true})
})
