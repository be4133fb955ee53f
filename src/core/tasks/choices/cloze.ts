import type {ChoiceForm} from './choice-form.js'

/** The options are not shown, and the answer is the text of one (OLMES: completion formulation). */
export const cloze: ChoiceForm = {
  asked: ({question}) => question,
  howToAnswer: '',
  answer: ({options}, index) => options[index],
  isRight: (boxed, {options, right}, verifier) => verifier(boxed, options[right]),
}
