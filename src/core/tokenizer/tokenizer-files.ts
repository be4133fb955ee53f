import {existsSync} from 'node:fs'
import {join} from 'node:path'
import type {z} from 'zod'
import {DataError} from '../util/errors.js'
import {parseStrictJson} from '../util/strict-json.js'
import {type ChatTemplate, readChatTemplate} from './chat-template.js'
import {checkTokenizerJson} from './check-tokenizer-json.js'
import {checkJson, readBounded, readSmallJson} from './read-json.js'
import type {ByteAlphabet} from './token-bytes.js'
import {tokenizerFingerprint} from './tokenizer-identity.js'
import {
  configJson,
  modelType,
  specialTokensMap,
  type TokenizerConfig,
  type TokenizerJson,
  tokenizerJson,
} from './tokenizer-json.js'

/** What a folder says about its tokenizer. */
export interface TokenizerFiles {
  /** tokenizer.json */
  readonly file: string
  readonly json: TokenizerJson
  readonly config: TokenizerConfig
  readonly alphabet: ByteAlphabet
  readonly chatTemplate: ChatTemplate | null
  /** See `tokenizerFingerprint`. */
  readonly fingerprint: string
}

const supported = 'supported: BPE, byte-level or with byte fallback'

/**
 * Reads the files of a folder's tokenizer; only `tokenizer.json` must be there.
 *
 * @throws {DataError} naming the file that is missing, malformed, or of a kind whose tokens stand for no certain bytes
 */
export function readTokenizerFiles(folder: string): TokenizerFiles {
  const file = join(folder, 'tokenizer.json')
  if (!existsSync(file))
    throw new DataError(`${file} does not exist`, {suggestions: ['give a folder with tokenizer.json']})
  const bytes = readBounded(file)
  const value = parseStrictJson(bytes, file, {mayNameProto: true})
  const {model} = checkJson(value, file, modelType)
  const type = model.type ?? (Array.isArray(model.merges) ? 'BPE' : 'unnamed')
  if (type !== 'BPE') throw new DataError(`${file}: model type is ${type}; ${supported}`)
  const config = readConfig(folder)
  const json = withAddedTokens(checkJson(value, file, tokenizerJson), config)
  checkTokenizerJson(json, file)
  return {
    file,
    json,
    config,
    alphabet: alphabetOf(json, file),
    chatTemplate: readChatTemplate(folder, config),
    fingerprint: tokenizerFingerprint(json),
  }
}

/** `tokenizer_config.json`; special tokens that it does not mention are those of `special_tokens_map.json`. */
function readConfig(folder: string): TokenizerConfig {
  const read = <T>(name: string, schema: z.ZodType<T>): T | undefined =>
    existsSync(join(folder, name)) ? readSmallJson(join(folder, name), schema) : undefined
  const {bos_token, eos_token, pad_token, unk_token} = read('special_tokens_map.json', specialTokensMap) ?? {}
  return {bos_token, eos_token, pad_token, unk_token, ...read('tokenizer_config.json', configJson)}
}

/**
 * The tokenizer with the added tokens of `tokenizer_config.json` too, as the reference adds them on loading. What one of
 * the files flags special is special.
 */
function withAddedTokens(json: TokenizerJson, {added_tokens_decoder: decoder}: TokenizerConfig): TokenizerJson {
  const own = json.added_tokens ?? []
  const listed = Object.entries(decoder ?? {}).map(([id, token]) => ({...token, id: Number(id)}))
  const flagged = new Set(listed.filter(({special}) => special).map(({content}) => content))
  const names = new Set(own.map(({content}) => content))
  return {
    ...json,
    added_tokens: [
      ...own.map((token) => ({...token, special: token.special || flagged.has(token.content)})),
      ...listed.filter(({content}) => !names.has(content)),
    ],
  }
}

function alphabetOf(json: TokenizerJson, file: string): ByteAlphabet {
  if (json.model.byte_fallback) return 'byte-fallback'
  // Components nest: a sequence holds others.
  const components = JSON.stringify([json.pre_tokenizer, json.decoder])
  if (components.includes('"type":"ByteLevel"')) return 'byte-level'
  throw new DataError(`${file}: its tokens are neither byte-level nor with byte fallback; ${supported}`)
}
