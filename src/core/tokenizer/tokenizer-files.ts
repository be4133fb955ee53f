import {createHash} from 'node:crypto'
import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {z} from 'zod'
import {DataError} from '../util/errors.js'
import type {ByteAlphabet} from './token-bytes.js'

const addedToken = z.looseObject({id: z.int().min(0), content: z.string(), special: z.boolean().optional()})
const component = z.looseObject({type: z.string()}).nullish()
const tokenizerJson = z.looseObject({
  added_tokens: z.array(addedToken).optional(),
  normalizer: component,
  pre_tokenizer: component,
  decoder: component,
  model: z.looseObject({
    vocab: z.record(z.string(), z.int().min(0)),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
    byte_fallback: z.boolean().nullish(),
  }),
})
const modelType = z.looseObject({model: z.looseObject({type: z.string().optional(), merges: z.unknown().optional()})})

const tokenName = z.union([z.string(), z.looseObject({content: z.string()})]).nullish()
const configJson = z.looseObject({
  bos_token: tokenName,
  eos_token: tokenName,
  pad_token: tokenName,
  add_bos_token: z.boolean().nullish(),
})

/** What is read of `tokenizer.json`; its other fields are passed on. */
export type TokenizerJson = z.infer<typeof tokenizerJson>
/** What is read of `tokenizer_config.json`. */
export type TokenizerConfig = z.infer<typeof configJson>

/** What a folder says about its tokenizer. */
export interface TokenizerFiles {
  /** tokenizer.json */
  readonly file: string
  readonly json: TokenizerJson
  readonly config: TokenizerConfig
  readonly alphabet: ByteAlphabet
  /** sha256 of tokenizer.json, hexadecimal. */
  readonly fingerprint: string
}

const supported = 'supported: BPE, byte-level or with byte fallback'

/**
 * Reads `tokenizer.json` and, where there is one, `tokenizer_config.json`.
 *
 * @throws {DataError} naming the file that is missing, malformed, or of a kind whose tokens stand for no certain bytes
 */
export function readTokenizerFiles(folder: string): TokenizerFiles {
  const file = join(folder, 'tokenizer.json')
  if (!existsSync(file))
    throw new DataError(`${file} does not exist`, {suggestions: ['give a folder with tokenizer.json']})
  const bytes = read(file)
  const value = parseJson(bytes, file)
  const {model} = check(value, file, modelType)
  const type = model.type ?? (Array.isArray(model.merges) ? 'BPE' : 'unnamed')
  if (type !== 'BPE') throw new DataError(`${file}: model type is ${type}; ${supported}`)
  const json = check(value, file, tokenizerJson)
  const configFile = join(folder, 'tokenizer_config.json')
  const config = existsSync(configFile) ? check(parseJson(read(configFile), configFile), configFile, configJson) : {}
  const fingerprint = createHash('sha256').update(bytes).digest('hex')
  return {file, json, config, alphabet: alphabetOf(json, file), fingerprint}
}

function alphabetOf(json: TokenizerJson, file: string): ByteAlphabet {
  if (json.model.byte_fallback) return 'byte-fallback'
  // Components nest: a sequence holds others.
  const components = JSON.stringify([json.pre_tokenizer, json.decoder])
  if (components.includes('"type":"ByteLevel"')) return 'byte-level'
  throw new DataError(`${file}: its tokens are neither byte-level nor with byte fallback; ${supported}`)
}

function read(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new DataError(`reading ${file}: ${(cause as Error).message}`, {cause})
  }
}

function parseJson(bytes: Buffer, file: string): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch (cause) {
    throw new DataError(`${file} is not JSON: ${(cause as Error).message}`, {cause})
  }
}

/** The value as it is: a schema's own output would lose a token named `__proto__`. */
function check<T>(value: unknown, file: string, schema: z.ZodType<T>): T {
  const checked = schema.safeParse(value)
  if (checked.success) return value as T
  const [{path, message}] = checked.error.issues
  throw new DataError(`${file}: ${path.join('.') || 'file'}: ${message}`)
}
