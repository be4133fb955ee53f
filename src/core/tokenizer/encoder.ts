import {Tokenizer as HuggingFaceTokenizer} from '@huggingface/tokenizers'
import {DataError} from '../util/errors.js'
import type {BytePairEncoder} from './byte-pair-encoder.js'
import type {TokenizerJson} from './tokenizer-json.js'
import {useReferenceUnicode} from './unicode-versions.js'

/** Text to ids: the library finds added tokens, normalizes and splits; our own encoder merges. */
export class Encoder {
  private readonly library: {
    encode_text(text: string): (string | number)[]
    /** By content, and where they are looked for in normalized text, by normalized content. */
    readonly added_tokens_map: ReadonlyMap<string, {readonly id: number}>
  }

  /** @param json its vocabulary and merges are not read */
  constructor(json: TokenizerJson, merger: BytePairEncoder) {
    const added = json.added_tokens ?? []
    const library = new HuggingFaceTokenizer(
      {...json, added_tokens: added, model: {...json.model, type: 'BPE', vocab: {}, merges: []}},
      {},
    )
    useReferenceUnicode(library)
    const model = (pieces: readonly string[]) => pieces.flatMap((piece) => merger.encode(piece))
    this.library = Object.assign(library as object, {model}) as unknown as Encoder['library']
  }

  /**
   * Ids of a text; half of a surrogate pair has no bytes and counts as U+FFFD, as when text is written in UTF-8.
   *
   * @throws {DataError} when a word has millions of characters: V8's regular expressions run out of stack
   */
  encode(text: string): Int32Array {
    const found = this.split(text.replaceAll(/\p{Surrogate}/gu, '\ufffd'))
    const added = this.library.added_tokens_map
    return Int32Array.from(found, (token) => (typeof token === 'number' ? token : added.get(token)!.id))
  }

  private split(text: string): (string | number)[] {
    try {
      return this.library.encode_text(text)
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause
      throw new DataError(
        `a text of ${text.length} characters has a word that is too long for the tokenizer's pattern`,
        {
          suggestions: ['split texts that have millions of characters without a break'],
          cause,
        },
      )
    }
  }
}
