import {createHash} from 'node:crypto'
import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {Tokenizer as HuggingFaceTokenizer} from '@huggingface/tokenizers'
import {z} from 'zod'
import {DataError} from '../util/errors.js'
import {type ByteAlphabet, tokenBytes} from './token-bytes.js'

const tokenizerJson = z.looseObject({
  added_tokens: z.array(z.looseObject({id: z.int(), content: z.string(), special: z.boolean().optional()})).default([]),
  model: z.looseObject({
    type: z.string().optional(),
    vocab: z.record(z.string(), z.int()),
    byte_fallback: z.boolean().nullish(),
  }),
})

type TokenizerJson = z.infer<typeof tokenizerJson>

const tokenName = z.union([z.string(), z.looseObject({content: z.string()})]).nullish()
const configJson = z.looseObject({
  bos_token: tokenName,
  eos_token: tokenName,
  pad_token: tokenName,
  add_bos_token: z.boolean().nullish(),
})

/** Text to tokens and back, and the bytes that each token stands for. */
export class Tokenizer {
  /** One more than the largest token id. */
  readonly vocabSize: number
  /** The token that starts every sequence, null where the model uses none. */
  readonly startId: number | null
  /** Tokens that end a text. */
  readonly endIds: readonly number[]
  readonly padId: number | null
  readonly specialIds: ReadonlySet<number>
  /** sha256 of tokenizer.json, hexadecimal. */
  readonly fingerprint: string
  private readonly plain: HuggingFaceTokenizer
  private readonly markup: HuggingFaceTokenizer
  private readonly bytes: readonly (Uint8Array | undefined)[]

  constructor(json: TokenizerJson, config: z.infer<typeof configJson>, fingerprint: string) {
    const {added_tokens: added, model} = json
    this.fingerprint = fingerprint
    this.markup = new HuggingFaceTokenizer(json, config)
    // Without its special tokens a tokenizer cannot find them in text.
    this.plain = new HuggingFaceTokenizer({...json, added_tokens: added.filter(({special}) => !special)}, config)
    this.specialIds = new Set(added.filter(({special}) => special).map(({id}) => id))
    const idOf = (name: z.infer<typeof tokenName>) => {
      const content = typeof name === 'string' ? name : name?.content
      return content === undefined
        ? null
        : (added.find((token) => token.content === content)?.id ?? model.vocab[content] ?? null)
    }
    const startId = idOf(config.bos_token)
    this.startId = startId !== null && this.addsStart(startId, config.add_bos_token) ? startId : null
    const endId = idOf(config.eos_token)
    this.endIds = endId === null ? [] : [endId]
    this.padId = idOf(config.pad_token)
    this.bytes = bytesById(json)
    this.vocabSize = this.bytes.length
  }

  /** Tokens of corpus text: special tokens written in it are ordinary characters; no start token. */
  encodeText(text: string): Int32Array {
    return Int32Array.from(this.plain.encode(text, {add_special_tokens: false}).ids)
  }

  /** Tokens of a template or a trace: special tokens written in it are recognised; no start token. */
  encodeMarkup(text: string): Int32Array {
    return Int32Array.from(this.markup.encode(text, {add_special_tokens: false}).ids)
  }

  /** Text of tokens, special tokens included; bytes that are no UTF-8 become U+FFFD. */
  decode(ids: Iterable<number>): string {
    return new TextDecoder().decode(this.concatBytes(ids))
  }

  /** The bytes one token stands for; a special token's are its name. */
  bytesOf(id: number): Uint8Array {
    const bytes = this.bytes[id]
    if (!bytes) throw new DataError(`token id ${id} is not in the tokenizer's vocabulary of ${this.vocabSize}`)
    return bytes
  }

  /** The bytes a sequence of tokens stands for. */
  concatBytes(ids: Iterable<number>): Uint8Array {
    return Uint8Array.from(Buffer.concat([...ids].map((id) => this.bytesOf(id))))
  }

  private addsStart(startId: number, configured: boolean | null | undefined): boolean {
    return configured ?? this.markup.encode('a').ids[0] === startId
  }
}

/**
 * Reads `tokenizer.json` and, where there is one, `tokenizer_config.json`.
 *
 * @throws {DataError} when a file is missing or malformed, or the model is not BPE
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const file = join(folder, 'tokenizer.json')
  if (!existsSync(file))
    throw new DataError(`${file} does not exist`, {suggestions: ['give a folder with tokenizer.json']})
  const text = readFileSync(file, 'utf8')
  const json = parse(text, file, tokenizerJson)
  const {type} = json.model
  if (type !== undefined && type !== 'BPE')
    throw new DataError(`${file}: model type is ${type}; supported: BPE (byte-level or with byte fallback)`)
  const configFile = join(folder, 'tokenizer_config.json')
  const config = existsSync(configFile) ? parse(readFileSync(configFile, 'utf8'), configFile, configJson) : {}
  const fingerprint = createHash('sha256').update(text).digest('hex')
  try {
    return new Tokenizer(json, config, fingerprint)
  } catch (cause) {
    throw new DataError(`${file} is not a tokenizer that can be used: ${(cause as Error).message}`, {cause})
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

function bytesById({added_tokens: added, model}: TokenizerJson): (Uint8Array | undefined)[] {
  const alphabet: ByteAlphabet = model.byte_fallback ? 'byte-fallback' : 'byte-level'
  const bytes: (Uint8Array | undefined)[] = []
  for (const [token, id] of Object.entries(model.vocab)) bytes[id] = tokenBytes(token, alphabet)
  for (const {id, content} of added) bytes[id] = new TextEncoder().encode(content)
  return bytes
}

function parse<T>(text: string, file: string, schema: z.ZodType<T>): T {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new DataError(`${file} is not JSON: ${(cause as Error).message}`, {cause})
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [{path, message}] = parsed.error.issues
  throw new DataError(`${file}: ${path.join('.') || 'file'}: ${message}`)
}
