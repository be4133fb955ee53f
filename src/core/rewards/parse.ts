import {endTag} from '../prompts/templates.js'
import type {StopReason, Verdict} from '../records/records.js'
import {lastBox} from './last-box.js'

/** What a completion says, as bytes. */
export type ParsedCompletion =
  | {readonly outcome: 'parsed'; readonly prediction: Uint8Array}
  | {readonly outcome: 'no-box' | 'unfinished-thinking' | 'truncated'; readonly prediction: null}

const failures = {
  'no-box': 'thinking ended, but no balanced \\boxed{...} follows',
  'unfinished-thinking': 'the text ended without </think>',
  truncated: 'the length limit was reached before the end of the text',
} as const

/** Parses a completion and judges what it predicts; one without a prediction is wrong. */
export function verdictOf(
  completion: Uint8Array,
  stopReason: StopReason,
  judge: (answer: Uint8Array) => Pick<Verdict, 'correct' | 'explanation'>,
): Verdict {
  const {outcome, prediction} = parseCompletion(completion, stopReason)
  if (outcome !== 'parsed') return {outcome, answer: null, correct: false, explanation: failures[outcome]}
  return {outcome, answer: prediction, ...judge(prediction)}
}

/** What ends a thought. */
export const endOfThinking = Buffer.from(endTag)

/**
 * Finds the prediction: the whole content, untrimmed, of the last balanced `\boxed{...}` after the first `</think>`.
 *
 * A completion cut at the length limit is `truncated` whatever it contains. The opening tag is not asked for, because
 * some chat templates put it into the prompt. Braces are counted as they stand, an escaped one (`\{`) like any other, so a
 * prediction with a lone brace cannot be expressed. A box that never closes is no box, and the one before it counts; of
 * boxes within boxes the outermost that closes counts.
 */
export function parseCompletion(completion: Uint8Array, stopReason: StopReason): ParsedCompletion {
  if (stopReason === 'length') return {outcome: 'truncated', prediction: null}
  const bytes = Buffer.from(completion.buffer, completion.byteOffset, completion.byteLength)
  const end = bytes.indexOf(endOfThinking)
  if (end < 0) return {outcome: 'unfinished-thinking', prediction: null}
  const box = lastBox(bytes.subarray(end + endOfThinking.length))
  return box ? {outcome: 'parsed', prediction: new Uint8Array(box.content)} : {outcome: 'no-box', prediction: null}
}
