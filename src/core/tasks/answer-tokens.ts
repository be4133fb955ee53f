import {lastBox} from '../rewards/last-box.js'
import {endOfThinking} from '../rewards/parse.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'

/**
 * Tokens of a completion that its answer is made of: those with a byte of the content of the last box after the thought.
 *
 * @param ids of a completion that has an answer, [tokens] int32; a thought that was given to it included
 */
export function countAnswerTokens(tokenizer: Pick<Tokenizer, 'bytesOf'>, ids: Int32Array): number {
  const pieces = Array.from(ids, (id) => tokenizer.bytesOf(id))
  const bytes = Buffer.concat(pieces)
  const from = Math.max(0, bytes.indexOf(endOfThinking))
  const box = lastBox(bytes.subarray(from))!
  const end = from + box.end
  const start = end - box.content.length
  let [at, count] = [0, 0]
  for (const {length} of pieces) {
    if (Math.min(at + length, end) > Math.max(at, start)) count++
    at += length
  }
  return count
}
