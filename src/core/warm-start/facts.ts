import type {Context} from '../records/records.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import type {ProxyView} from './proxy-views.js'

/** What a thought about a position may say. */
export interface Facts {
  /** The last words of the context, as they stand. */
  readonly ending: string
  /** The answer to box: what really comes next. */
  readonly answer: string
  /** The answer and what follows it, a few tokens in all. */
  readonly continuation: string
  /** The proxy's most probable token; null where it is no whole text. */
  readonly likeliest: string | null
  /** Of the proxy, nats. */
  readonly entropy: number
  /** Whether the answer's characters stand in the context. */
  readonly isRepeated: boolean
}

/** Tokens of context that its last words are taken from. */
const endingTokens = 12
/** At most four words, and the white space behind them. */
const lastWords = /(?:\S+\s+){0,3}\S*\s*$/
const continuationTokens = 4
const utf8 = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true})

/**
 * The facts of a position.
 *
 * @param answer of `shortestAnswer`
 * @param kept tokens of its context that the prompt shows
 */
export function factsOf(
  {truth, boundaries}: Context,
  answer: string,
  kept: Int32Array,
  {entropy, top1Id}: ProxyView,
  tokenizer: Tokenizer,
): Facts {
  const last = tokenizer.decode(kept.subarray(-endingTokens)).replaceAll('\uFFFD', '')
  return {
    ending: lastWords.exec(last)![0],
    answer,
    continuation: continuationOf({truth, boundaries}, answer),
    likeliest: textOf(tokenizer.bytesOf(top1Id)),
    entropy,
    isRepeated: answer.trim() !== '' && tokenizer.decode(kept).includes(answer.trim()),
  }
}

/** What comes next up to the last of a few token boundaries where it is whole characters; at least the answer. */
function continuationOf({truth, boundaries}: Pick<Context, 'truth' | 'boundaries'>, answer: string): string {
  const texts = Array.from(boundaries.subarray(0, continuationTokens), (end) => textOf(truth.subarray(0, end)))
  return texts.findLast((text) => text?.startsWith(answer)) ?? answer
}

/** Bytes as text; null where they are no whole characters. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes)
  } catch {
    return null
  }
}
