import {maxOf} from '../../util/extremes.js'

/** Texts that end a completion as soon as it contains one, and the bytes of every token to find them with. */
export interface StopRule {
  /** In UTF-8, none empty. */
  readonly texts: readonly Uint8Array[]
  /** Bytes of all tokens, one after the other, in memory that threads share. */
  readonly bytes: Uint8Array
  /** Where the bytes of each token begin, and where the last end: [V + 1]. */
  readonly starts: Uint32Array
}

/** What knows the bytes of tokens. */
interface TokenBytes {
  readonly vocabSize: number
  bytesOf(id: number): Uint8Array
}

/** The rule for some texts, none empty; null where there are none. */
export function stopRule(texts: readonly string[], tokens: TokenBytes): StopRule | null {
  if (texts.length === 0) return null
  const all = Array.from({length: tokens.vocabSize}, (_, id) => tokens.bytesOf(id))
  const starts = new Uint32Array(all.length + 1)
  for (const [id, {length}] of all.entries()) starts[id + 1] = starts[id] + length
  const bytes = new Uint8Array(new SharedArrayBuffer(starts[all.length]))
  for (const [id, own] of all.entries()) bytes.set(own, starts[id])
  return {texts: texts.map((text) => new TextEncoder().encode(text)), bytes, starts}
}

/** Follows one completion and finds the token that completes a text; texts may begin and end within tokens. */
export class StopSearch {
  /** The last bytes, too few for a text. */
  private tail: Buffer = Buffer.alloc(0)
  private readonly texts: readonly Buffer[]
  private readonly keptBytes: number

  constructor(private readonly rule: StopRule) {
    this.texts = rule.texts.map((text) => Buffer.from(text))
    this.keptBytes = maxOf(this.texts.map(({length}) => length)) - 1
  }

  /** Whether a text is complete with this token; an id without a token stands for no bytes. */
  push(id: number): boolean {
    const {bytes, starts} = this.rule
    const own = id + 1 < starts.length ? bytes.subarray(starts[id], starts[id + 1]) : new Uint8Array()
    const grown = Buffer.concat([this.tail, own])
    this.tail = grown.subarray(Math.max(0, grown.length - this.keptBytes))
    return this.texts.some((text) => grown.includes(text))
  }
}
