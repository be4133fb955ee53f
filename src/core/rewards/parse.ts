import type {StopReason} from '../records/records.js'

/** What a completion says, as bytes. */
export type ParsedCompletion =
  | {readonly outcome: 'parsed'; readonly prediction: Uint8Array}
  | {readonly outcome: 'no-box' | 'unfinished-thinking' | 'truncated'; readonly prediction: null}

const endOfThinking = Buffer.from('</think>')
const boxStart = Buffer.from('\\boxed{')
const [open, close] = Buffer.from('{}')

/**
 * Finds the prediction: the whole content, untrimmed, of the last balanced `\boxed{...}` after the first `</think>`.
 *
 * A completion cut at the length limit is `truncated` whatever it contains. The opening tag is not asked for, because
 * some chat templates put it into the prompt. Braces are counted as they stand, an escaped one like any other; a box whose
 * braces never balance is no box, and the one before it counts.
 */
export function parseCompletion(completion: Uint8Array, stopReason: StopReason): ParsedCompletion {
  if (stopReason === 'length') return {outcome: 'truncated', prediction: null}
  const bytes = Buffer.from(completion.buffer, completion.byteOffset, completion.byteLength)
  const end = bytes.indexOf(endOfThinking)
  if (end < 0) return {outcome: 'unfinished-thinking', prediction: null}
  const answer = bytes.subarray(end + endOfThinking.length)
  for (let at = answer.lastIndexOf(boxStart); at >= 0; at = at === 0 ? -1 : answer.lastIndexOf(boxStart, at - 1)) {
    const from = at + boxStart.length
    const to = closingBrace(answer, from)
    if (to !== null) return {outcome: 'parsed', prediction: Uint8Array.from(answer.subarray(from, to))}
  }
  return {outcome: 'no-box', prediction: null}
}

/** Index of the brace that closes the one before `from`; null when none does. */
function closingBrace(bytes: Uint8Array, from: number): number | null {
  let depth = 1
  for (let at = from; at < bytes.length; at++) {
    if (bytes[at] === open) depth++
    else if (bytes[at] === close && --depth === 0) return at
  }
  return null
}
