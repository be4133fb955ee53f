import {lastBox} from '../last-box.js'
import {type MathAnswer, readMathAnswer} from './math-answer.js'
import {agree} from './numeric.js'
import {quote} from './quote.js'
import type {Verification} from './verifier.js'

/**
 * Right if both say the same once each is written in one way, as the graders of MATH do it: no mathematics is done beyond
 * numbers, which are equal exactly. A name (`x=`) or a unit may be missing on one side, but two that differ are never equal.
 * Of a text with a `\boxed{...}` the content of the last one counts. Where unsure: wrong.
 */
export function boxed(answer: string, truth: string): Verification {
  const [ours, theirs] = [answer, truth].map((text) =>
    readMathAnswer(lastBox(Buffer.from(text))?.content.toString() ?? text),
  )
  const difference = differenceOf(ours, theirs)
  const explanation = `${quote(answer)} ${difference === null ? 'says the same as' : 'is not'} ${quote(truth)}`
  return {correct: difference === null, explanation: difference ? `${explanation}: ${difference}` : explanation}
}

/** Why two answers differ, in words; null where they do not. */
function differenceOf(ours: MathAnswer, theirs: MathAnswer): string | null {
  if (ours.key === '') return 'it is empty'
  if (ours.key !== theirs.key) return 'the values differ'
  if (!agree(ours.name, theirs.name)) return `${ours.name} is another name than ${theirs.name}`
  return agree(ours.unit, theirs.unit) ? null : `${quote(ours.unit)} is another unit than ${quote(theirs.unit)}`
}
