import {parseNumber, type WrittenNumber} from './number.js'
import {quote} from './quote.js'
import {writeRational} from './rational.js'
import type {Verification} from './verifier.js'

/**
 * Right if both are numbers and exactly equal as fractions: 0.5 is 1/2, and 0.333 is not 1/3. A unit (`%`, a currency sign)
 * may be missing on one side, but two that differ are never equal. How numbers are read: `parseNumber`.
 */
export function numeric(answer: string, truth: string): Verification {
  const [ours, theirs] = [parseNumber(answer), parseNumber(truth)]
  if (theirs === null) return wrong(`the truth ${quote(truth)} is no number, so no answer is right`)
  if (ours === null) return wrong(`${quote(answer)} is no number; the truth is ${describe(theirs)}`)
  if (!agree(ours.unit, theirs.unit)) return wrong(`${describe(ours)} is in another unit than ${describe(theirs)}`)
  const correct = writeRational(ours.value) === writeRational(theirs.value)
  return {correct, explanation: `${quote(answer)} is ${correct ? '' : 'not '}the number ${describe(theirs)}`}
}

/** Whether two marks are the same, or one is not there. */
export function agree(a: string, b: string): boolean {
  return a === b || a === '' || b === ''
}

function describe({value, unit}: WrittenNumber): string {
  return writeRational(value) + unit
}

function wrong(explanation: string): Verification {
  return {correct: false, explanation}
}
