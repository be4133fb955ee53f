import {opensThought, type PromptSettings} from '../prompts/prompts.js'
import {startTag} from '../prompts/templates.js'
import type {Completion, Verdict} from '../records/records.js'
import {lastBox} from '../rewards/last-box.js'
import {endOfThinking} from '../rewards/parse.js'
import type {Verification} from '../rewards/verify/verifier.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'

/** A completion of a question, as its grade reads it. */
interface BoxedCompletion extends Pick<Completion, 'stopReason'> {
  readonly bytes: Buffer
  /** Whether its prompt ends within a thought. */
  readonly beginsWithinThought: boolean
}

/** Grades completions of prompts of these settings: see `gradeBox`. */
export function boxGrader(tokenizer: Tokenizer, settings: PromptSettings) {
  const beginsWithinThought = opensThought(tokenizer, settings)
  return ({ids, stopReason}: Completion, verify: (boxed: string) => Verification): Verdict =>
    gradeBox({bytes: Buffer.from(tokenizer.concatBytes(ids)), stopReason, beginsWithinThought}, verify)
}

/**
 * Grades the answer to a question: the content of the last `\boxed{...}` of what follows the thought, where there is one, whether
 * or not the text was cut. A thought that the prompt or the completion opens must end: what is boxed within it is no answer yet.
 *
 * @param verify judges the content of the box
 */
function gradeBox(
  {bytes, stopReason, beginsWithinThought}: BoxedCompletion,
  verify: (boxed: string) => Verification,
): Verdict {
  const end = bytes.indexOf(endOfThinking)
  const isUnfinished = end < 0 && (beginsWithinThought || bytes.includes(startTag))
  const box = isUnfinished ? null : lastBox(bytes.subarray(Math.max(0, end)))
  if (box) return {outcome: 'parsed', answer: box.content, ...verify(box.content.toString())}
  const missing = isUnfinished ? 'within a thought, before </think>' : 'without a balanced \\boxed{...}'
  const failed = {answer: null, correct: false}
  if (stopReason === 'length')
    return {outcome: 'truncated', ...failed, explanation: `the length limit was reached ${missing}`}
  return {outcome: isUnfinished ? 'unfinished-thinking' : 'no-box', ...failed, explanation: `the text ended ${missing}`}
}
