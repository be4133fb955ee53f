import type {Context} from '../records/records.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {quoteBytes} from './quote-bytes.js'

/** First-token matching (RPT, Appendix A): 1 if the first token of the prediction is the target token; the rest is ignored. */
export function firstTokenReward(prediction: Uint8Array, {truth, boundaries}: Context, tokenizer: Tokenizer): 0 | 1 {
  const [first] = tokenizer.encodeText(new TextDecoder().decode(prediction))
  if (first === undefined) return 0
  return Buffer.compare(tokenizer.bytesOf(first), truth.subarray(0, boundaries[0])) === 0 ? 1 : 0
}

/** Why a prediction got its first-token reward, in one sentence. */
export function explainFirstToken(prediction: Uint8Array, context: Context, tokenizer: Tokenizer): string {
  const target = quoteBytes(context.truth.subarray(0, context.boundaries[0]))
  const verdict = firstTokenReward(prediction, context, tokenizer) ? 'is' : 'is not'
  return `the first token of ${quoteBytes(prediction)} ${verdict} the target ${target}`
}
