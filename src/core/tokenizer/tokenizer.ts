import {dirname} from 'node:path'
import {DataError} from '../util/errors.js'
import type {Progress} from '../util/progress.js'
import {BytePairEncoder, MergeTable} from './byte-pair-encoder.js'
import {type ChatTemplate, tokenTexts} from './chat-template.js'
import {type DummySpace, dummySpaceOf, withDummySpaces} from './dummy-space.js'
import {Encoder} from './encoder.js'
import {tokenBytes} from './token-bytes.js'
import {readTokenizerFiles, type TokenizerFiles} from './tokenizer-files.js'
import {tokenizerFingerprint} from './tokenizer-identity.js'
import type {TokenizerConfig, TokenizerJson} from './tokenizer-json.js'
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
  /** Of vocabulary, merges and rules, however they are written: see `tokenizerFingerprint`. */
  readonly fingerprint: string
  /** The folder's chat template, null where it has none. */
  readonly chatTemplate: ChatTemplate | null
  /** Texts of the special tokens that chat templates may name, e.g. `bos_token`. */
  readonly tokenTexts: ChatTemplate['tokens']
  private readonly plain: Encoder
  private readonly markup: Encoder
  private readonly bytes: readonly (Uint8Array | undefined)[]
  private readonly dummySpace: DummySpace
  /** Matches every added token, in one capturing group. */
  private readonly addedTokens: RegExp

  constructor(private readonly files: TokenizerFiles) {
    const json = withoutDummyPrefix(files.json, files.file)
    const {config} = files
    const table = new MergeTable(json.model)
    const {unk_token: unknown, vocab} = json.model
    const unknownId = unknown && Object.hasOwn(vocab, unknown) ? vocab[unknown] : null
    this.specialIds = new Set((json.added_tokens ?? []).filter(isMarkup).map(({id}) => id))
    this.markup = new Encoder(json, new BytePairEncoder(table, json.model, new Set(), unknownId))
    this.plain = new Encoder(withoutMarkup(json), new BytePairEncoder(table, json.model, this.specialIds, null))
    this.dummySpace = dummySpaceOf(files.json)
    this.addedTokens = anyOf((json.added_tokens ?? []).map(({content}) => content))
    this.chatTemplate = files.chatTemplate
    this.tokenTexts = tokenTexts(config)
    this.fingerprint = files.fingerprint
    this.bytes = bytesById(files)
    this.vocabSize = this.bytes.length
    const endId = idOf(config.eos_token, json)
    this.startId = this.findStart(config, json)
    this.endIds = endId === null ? [] : [endId]
    this.padId = idOf(config.pad_token, json)
  }

  /** Tokens of corpus text: special tokens written in it are ordinary characters; no start token, no dummy space. */
  encodeText(text: string): Int32Array {
    return this.plain.encode(text)
  }

  /** Tokens of a template or a trace: special tokens written in it are recognised; no start token, no dummy space. */
  encodeMarkup(text: string): Int32Array {
    return this.markup.encode(text)
  }

  /**
   * Tokens of a piece of a prompt as the reference tokenizes it, which may put spaces before stretches of it: special
   * tokens are recognised; no start token.
   *
   * @param isStart whether nothing, or a start token alone, stands before the piece
   */
  encodePrompt(text: string, isStart: boolean): Int32Array {
    return this.encodeMarkup(withDummySpaces(text, this.dummySpace, this.addedTokens, isStart))
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

  /** Path of its tokenizer.json. */
  get file(): string {
    return this.files.file
  }

  /** Tokens whose id is at least `from`, ascending; `isNeeded` where text could hold one, or it starts or ends texts. */
  tokensFrom(from: number): {readonly id: number; readonly text: string; readonly isNeeded: boolean}[] {
    const inVocabulary = new Set(Object.values(this.files.json.model.vocab).filter((id) => id >= from))
    const isNeeded = (id: number) =>
      !this.specialIds.has(id) || inVocabulary.has(id) || id === this.startId || this.endIds.includes(id)
    return [...this.bytes.keys()]
      .slice(from)
      .filter((id) => this.bytes[id] !== undefined)
      .map((id) => ({id, text: this.decode([id]), isNeeded: isNeeded(id)}))
  }

  /** The same tokenizer without the added tokens whose id is at least `vocabulary`. */
  within(vocabulary: number): Tokenizer {
    const added_tokens = (this.files.json.added_tokens ?? []).filter(({id}) => id < vocabulary)
    const json = {...this.files.json, added_tokens}
    return new Tokenizer({...this.files, json, fingerprint: tokenizerFingerprint(json)})
  }

  /** The configured start token, else the special token that the post-processor puts first. */
  private findStart({bos_token, add_bos_token}: TokenizerConfig, json: TokenizerJson): number | null {
    if (add_bos_token === false) return null
    if (add_bos_token) return idOf(bos_token, json)
    return firstOf(json.post_processor, this.specialIds)
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
    if (cause instanceof DataError) throw cause
    throw new DataError(`${files.file} cannot be used as a tokenizer: ${(cause as Error).message}`, {cause})
  }
}

/**
 * The tokenizer as a model can use it: every token has a row in its embedding.
 *
 * Fine-tuning scripts add a special token, such as `[PAD]`, and no row for it. A model cannot sample it and corpus text
 * cannot hold it, so that it becomes text like any other, in prompts too, and a warning says so.
 *
 * @param where the checkpoint, for the message
 * @throws {DataError} naming the first token without a row that text could hold, or that starts or ends texts
 */
export function fitTokenizer(
  tokenizer: Tokenizer,
  vocabulary: number,
  where: string,
  {warn}: Pick<Progress, 'warn'>,
): Tokenizer {
  const beyond = tokenizer.tokensFrom(vocabulary)
  if (beyond.length === 0) return tokenizer
  const {vocabSize, file} = tokenizer
  const needed = beyond.find(({isNeeded}) => isNeeded)
  if (needed)
    throw new DataError(
      `${where} has a vocabulary of ${vocabulary}, but the tokenizer has ${vocabSize} tokens (${file}): ` +
        `${named(needed)} has no row in the embedding`,
      {
        suggestions: [
          dirname(file) === where
            ? 'give the embedding a row for every token: resize_token_embeddings in transformers, then save_pretrained'
            : 'give a checkpoint and a tokenizer that belong together',
        ],
      },
    )
  const names = beyond.slice(0, 3).map(named).join(', ') + (beyond.length > 3 ? ` and ${beyond.length - 3} more` : '')
  warn(
    `${where} has a vocabulary of ${vocabulary}; ${names} of its tokenizer has no row there and is read as plain text`,
  )
  return tokenizer.within(vocabulary)
}

/** Whether two tokenizers give the same tokens to a model with so many rows; special tokens without a row do not count. */
export function agreeWithin(one: Tokenizer, other: Tokenizer, vocabulary: number): boolean {
  if (one.fingerprint === other.fingerprint) return true
  const [a, b] = [one, other].map((tokenizer) => {
    const beyond = tokenizer.tokensFrom(vocabulary)
    return beyond.length > 0 && !beyond.some(({isNeeded}) => isNeeded) ? tokenizer.within(vocabulary) : tokenizer
  })
  return a.fingerprint === b.fingerprint
}

function named({text, id}: {readonly text: string; readonly id: number}): string {
  return `${JSON.stringify(text.slice(0, 40))} with id ${id}`
}

interface PostProcessor {
  readonly processors?: readonly PostProcessor[]
  readonly single?: readonly {readonly SpecialToken?: {readonly id: string}}[]
  readonly special_tokens?: Readonly<Record<string, {readonly ids: readonly number[]}>>
}

/** The special token that a post-processor, or one in its sequence, puts before a text. */
function firstOf(processor: unknown, specialIds: ReadonlySet<number>): number | null {
  const {processors = [], single = [], special_tokens = {}} = (processor ?? {}) as PostProcessor
  const name = single[0]?.SpecialToken?.id
  const id = name === undefined ? undefined : special_tokens[name]?.ids[0]
  if (id !== undefined && specialIds.has(id)) return id
  return processors.map((inner) => firstOf(inner, specialIds)).find((found) => found !== null) ?? null
}

/** Matches the longest of some texts, in one capturing group. */
function anyOf(texts: readonly string[]): RegExp {
  const longestFirst = texts.toSorted((a, b) => b.length - a.length)
  const escaped = longestFirst.map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`(${escaped.join('|') || '(?!)'})`)
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
