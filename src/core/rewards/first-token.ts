import type {Context} from '../records/records.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {quoteShort as quoteBytes} from '../util/quote-bytes.js'

/**
 * First-token matching (RPT, Appendix A): 1 if the first token of the tokenized prediction is the target token, else 0;
 * the rest is ignored.
 */
export function firstTokenReward(prediction: Uint8Array, context: Context, tokenizer: Tokenizer): 0 | 1 {
  const first = firstToken(prediction, tokenizer)
  return first !== null && Buffer.compare(first, targetOf(context)) === 0 ? 1 : 0
}

/** Why a prediction got its first-token reward, in one sentence. */
export function explainFirstToken(prediction: Uint8Array, context: Context, tokenizer: Tokenizer): string {
  const first = firstToken(prediction, tokenizer)
  const target = quoteBytes(targetOf(context))
  if (first === null) return `${quoteBytes(prediction)} begins with no token; the target is ${target}`
  const verdict = Buffer.compare(first, targetOf(context)) === 0 ? 'is the target' : `is not the target ${target}`
  return `the first token of ${quoteBytes(prediction)}, ${quoteBytes(first)}, ${verdict}`
}

/** Bytes of the first token; null where the prediction is empty or begins with bytes that no text has. */
function firstToken(prediction: Uint8Array, tokenizer: Tokenizer): Uint8Array | null {
  const [id] = tokenizer.encodeText(new TextDecoder('utf-8', {ignoreBOM: true}).decode(prediction))
  if (id === undefined) return null
  const bytes = tokenizer.bytesOf(id)
  return Buffer.compare(bytes, prediction.subarray(0, bytes.length)) === 0 ? bytes : null
}

function targetOf({truth, boundaries}: Context): Uint8Array {
  return truth.subarray(0, boundaries[0])
}
