import type {Context, Verdict} from '../records/records.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {normalizeAsReference} from '../tokenizer/unicode-versions.js'
import {quoteShort as quoteBytes} from '../util/quote-bytes.js'
import type {RewardTerm, TermSetup} from './term.js'

/**
 * First-token matching (RPT, Appendix A): 1 if the first token of the tokenized answer is the target token, else 0; the
 * rest is ignored.
 */
export function firstTokenTerm({tokenizer}: TermSetup): RewardTerm<Context> {
  const first = ({answer}: Verdict) => (answer === null ? null : firstToken(answer, tokenizer))
  return {
    score: ({item, verdicts}) => verdicts.map((verdict) => Number(isTarget(first(verdict), item, tokenizer))),
    explain: ({item, verdicts}) =>
      verdicts.map((verdict) => explainFirstToken(verdict, first(verdict), item, tokenizer)),
  }
}

/**
 * Id of the first token of an answer, whose text counts in Unicode form NFC where the tokenizer brings it there, as that of
 * documents; null where the answer is empty or begins with bytes that no text has.
 */
export function firstToken(answer: Uint8Array, tokenizer: Tokenizer): number | null {
  const text = textAtStart(answer)
  const [id] = tokenizer.encodeText(text)
  if (id === undefined) return null
  const bytes = tokenizer.bytesOf(id)
  const isSpelled = (form: string) => Buffer.from(form).subarray(0, bytes.length).equals(bytes)
  return isSpelled(text) || isSpelled(normalizeAsReference(text, 'NFC')) ? id : null
}

/** The text before the first byte that belongs to none. */
function textAtStart(bytes: Uint8Array): string {
  let text = ''
  let at = 0
  for (const character of new TextDecoder('utf-8', {ignoreBOM: true}).decode(bytes)) {
    const own = Buffer.from(character)
    // In place of other bytes stands U+FFFD.
    if (!own.equals(bytes.subarray(at, at + own.length))) break
    text += character
    at += own.length
  }
  return text
}

/** Whether a token has the bytes of the target. */
export function isTarget(id: number | null, context: Context, tokenizer: Tokenizer): boolean {
  return id !== null && Buffer.compare(tokenizer.bytesOf(id), targetOf(context)) === 0
}

/** A sentence on the first token of an answer; that of the verdict where there is none. */
export function explainFirstToken(
  {answer, explanation}: Verdict,
  first: number | null,
  context: Context,
  tokenizer: Tokenizer,
): string {
  if (answer === null) return explanation
  const target = quoteBytes(targetOf(context))
  if (first === null) return `${quoteBytes(answer)} begins with no token; the target is ${target}`
  const verdict = isTarget(first, context, tokenizer) ? 'is the target' : `is not the target ${target}`
  return `the first token of ${quoteBytes(answer)}, ${quoteBytes(tokenizer.bytesOf(first))}, ${verdict}`
}

function targetOf({truth, boundaries}: Context): Uint8Array {
  return truth.subarray(0, boundaries[0])
}
