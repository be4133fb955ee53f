import type {ChoiceQuestion} from '../../corpus/choice-questions.js'
import type {Verifier} from '../../rewards/verify/verifier.js'

/** How the options of a question are put to a model: a row of `choiceForms`. */
export interface ChoiceForm {
  /** The question as a prompt shows it, before a template is put around it. */
  readonly asked: (question: ChoiceQuestion) => string
  /** What is said besides where the model writes its answer. */
  readonly howToAnswer: string
  /** The answer that option `index` is, as it stands in a box or after the prompt. */
  readonly answer: (question: ChoiceQuestion, index: number) => string
  /** Whether the content of a box is the right answer; `why` in words. */
  readonly isRight: (boxed: string, question: ChoiceQuestion, verifier: Verifier) => ReturnType<Verifier>
}
