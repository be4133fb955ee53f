import type {Completion, Verdict} from '../records/records.js'
import {lastBox} from '../rewards/last-box.js'
import {endOfThinking} from '../rewards/parse.js'
import type {Verification} from '../rewards/verify/verifier.js'

/**
 * Grades the answer to a question: the content of the last `\boxed{...}` of what follows the thought, where there is one, whether
 * or not the text was cut.
 *
 * @param bytes of the completion
 * @param verify judges the content of the box
 */
export function gradeBox(
  bytes: Buffer,
  stopReason: Completion['stopReason'],
  verify: (boxed: string) => Verification,
): Verdict {
  const box = lastBox(bytes.subarray(Math.max(0, bytes.indexOf(endOfThinking))))
  if (box) return {outcome: 'parsed', answer: box.content, ...verify(box.content.toString())}
  const outcome = stopReason === 'length' ? 'truncated' : 'no-box'
  const why = outcome === 'truncated' ? 'the length limit was reached' : 'the text ended'
  return {outcome, answer: null, correct: false, explanation: `${why} without a balanced \\boxed{...}`}
}
