import type {Completion} from '../records/records.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {endOfThinking} from './parse.js'

/** Number of tokens up to the end of the thought, including its `</think>`; null if the thought never ends. */
export function thoughtLength({ids}: Completion, tokenizer: Tokenizer): number | null {
  const end = Buffer.from(tokenizer.concatBytes(ids)).indexOf(endOfThinking)
  if (end < 0) return null
  let length = 0
  for (let bytes = 0; bytes < end + endOfThinking.length; length++) bytes += tokenizer.bytesOf(ids[length]).length
  return length
}
