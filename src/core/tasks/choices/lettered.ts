import {letters} from '../../corpus/choice-questions.js'
import type {ChoiceForm} from './choice-form.js'

/** What a box may hold around the letter: `(C)`, `C.`, `C. the option's text`, `\text{C}`. */
const shape = /^(?:\\text(?:bf)?\{)?\(?([A-Z])\)?\}?[.):]?(?:\s+(\S[\s\S]*))?$/

/** The options are listed with letters, and the answer is a letter (OLMES: multiple-choice formulation). */
export const lettered: ChoiceForm = {
  asked: ({question, options}) => [question, ...options.map((option, i) => `${letters[i]}. ${option}`)].join('\n'),
  howToAnswer: '\n\nAnswer with the letter of the right option.',
  answer: (_, index) => letters[index],
  isRight: (boxed, {options, right}) => {
    const [, letter, text] = shape.exec(boxed.trim()) ?? []
    const chosen = letter === undefined ? -1 : letters.indexOf(letter)
    const isLetter = chosen >= 0 && chosen < options.length && (text === undefined || text === options[chosen].trim())
    const correct = isLetter && chosen === right
    const found = isLetter ? `the letter is ${letter}` : 'the box holds no letter of an option'
    return {correct, explanation: correct ? `${found}, which is right` : `${found}; right is ${letters[right]}`}
  },
}
