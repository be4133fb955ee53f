import {Tokenizer as HuggingFaceTokenizer} from '@huggingface/tokenizers'
import {DataError} from '../util/errors.js'
import {tokenBytes} from './token-bytes.js'
import {readTokenizerFiles, type TokenizerConfig, type TokenizerFiles, type TokenizerJson} from './tokenizer-files.js'
import {isMarkup, withoutDummyPrefix, withoutMarkup} from './tokenizer-variants.js'

/** Text to tokens and back, and the bytes that each token stands for. */
export class Tokenizer {
  /** One more than the largest token id. */
  readonly vocabSize: number
  /** The token that starts every sequence, null where the model uses none. */
  readonly startId: number | null
  /** Tokens that end a text. */
  readonly endIds: readonly number[]
  readonly padId: number | null
  /** Tokens that never arise from text: those flagged special, and added ones in angle brackets, e.g. `<think>`. */
  readonly specialIds: ReadonlySet<number>
  /** sha256 of tokenizer.json, hexadecimal. */
  readonly fingerprint: string
  private readonly plain: HuggingFaceTokenizer
  private readonly markup: HuggingFaceTokenizer
  private readonly bytes: readonly (Uint8Array | undefined)[]

  constructor(files: TokenizerFiles) {
    const json = withoutDummyPrefix(files.json)
    const {config} = files
    this.markup = new HuggingFaceTokenizer({...json, added_tokens: json.added_tokens ?? []}, config)
    this.plain = new HuggingFaceTokenizer(withoutMarkup(json), config)
    this.fingerprint = files.fingerprint
    this.specialIds = new Set((json.added_tokens ?? []).filter(isMarkup).map(({id}) => id))
    this.bytes = bytesById(files)
    this.vocabSize = this.bytes.length
    const endId = idOf(config.eos_token, json)
    this.startId = this.findStart(config, json)
    this.endIds = endId === null ? [] : [endId]
    this.padId = idOf(config.pad_token, json)
  }

  /** Tokens of corpus text: special tokens written in it are ordinary characters; no start token, no dummy space. */
  encodeText(text: string): Int32Array {
    return Int32Array.from(this.plain.encode(text, {add_special_tokens: false}).ids)
  }

  /** Tokens of a template or a trace: special tokens written in it are recognised; no start token, no dummy space. */
  encodeMarkup(text: string): Int32Array {
    return Int32Array.from(this.markup.encode(text, {add_special_tokens: false}).ids)
  }

  /** Text of tokens, special tokens included; bytes that are no UTF-8 become U+FFFD. */
  decode(ids: Iterable<number>): string {
    return new TextDecoder('utf-8', {ignoreBOM: true}).decode(this.concatBytes(ids))
  }

  /**
   * The bytes one token stands for; a special token's are its name. An id without a token, such as a padding row of an
   * embedding that a model may still sample, stands for none.
   */
  bytesOf(id: number): Uint8Array {
    return this.bytes[id] ?? new Uint8Array()
  }

  /** The bytes a sequence of tokens stands for. */
  concatBytes(ids: Iterable<number>): Uint8Array {
    return new Uint8Array(Buffer.concat(Array.from(ids, (id) => this.bytesOf(id))))
  }

  /** The configured start token, else the special token that the post-processor puts first. */
  private findStart({bos_token, add_bos_token}: TokenizerConfig, json: TokenizerJson): number | null {
    if (add_bos_token === false) return null
    if (add_bos_token) return idOf(bos_token, json)
    const [first] = this.markup.encode('a').ids
    return this.specialIds.has(first) ? first : null
  }
}

/**
 * Reads `tokenizer.json` and, where there is one, `tokenizer_config.json`.
 *
 * @throws {DataError} naming the file that is missing or malformed, or whose tokens stand for no certain bytes
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const files = readTokenizerFiles(folder)
  try {
    return new Tokenizer(files)
  } catch (cause) {
    throw new DataError(`${files.file} is not a tokenizer that can be used: ${(cause as Error).message}`, {cause})
  }
}

/**
 * Checks that every token has a row in a model's embedding.
 *
 * @param where the checkpoint, for the message
 * @throws {DataError} when the vocabulary is too small
 */
export function checkTokenizerFits({vocabSize}: Tokenizer, vocabulary: number, where: string): void {
  if (vocabSize > vocabulary)
    throw new DataError(`${where} has a vocabulary of ${vocabulary}, but the tokenizer has ${vocabSize} tokens`, {
      suggestions: ['give the --tokenizer that belongs to this checkpoint'],
    })
}

function idOf(name: TokenizerConfig['bos_token'], {added_tokens: added = [], model}: TokenizerJson): number | null {
  const content = typeof name === 'string' ? name : name?.content
  if (content === undefined) return null
  const token = added.find((candidate) => candidate.content === content)
  return token?.id ?? (Object.hasOwn(model.vocab, content) ? model.vocab[content] : null)
}

function bytesById({json: {added_tokens: added = [], model}, alphabet}: TokenizerFiles): (Uint8Array | undefined)[] {
  const bytes: (Uint8Array | undefined)[] = []
  for (const [token, id] of Object.entries(model.vocab)) bytes[id] = tokenBytes(token, alphabet)
  for (const token of added) {
    const isSpelled = alphabet === 'byte-fallback' && !isMarkup(token)
    bytes[token.id] = isSpelled ? tokenBytes(token.content, alphabet) : new TextEncoder().encode(token.content)
  }
  return bytes
}
