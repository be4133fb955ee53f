import {quote} from './quote.js'
import type {Verification} from './verifier.js'

/** Right if both texts are the same, character by character, once the white space around them is cut off. */
export function exact(answer: string, truth: string): Verification {
  const correct = answer.trim() === truth.trim() && answer.trim() !== ''
  return {correct, explanation: `${quote(answer)} is ${correct ? '' : 'not '}the text ${quote(truth)}`}
}
