import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {findKey} from '../config/keys.js'
import type {Config} from '../config/schema.js'
import {type DocumentPlace, listDocumentFiles} from '../corpus/documents.js'
import {canonicalJson, fingerprintOf, hashFile, hashJson, type Manifest, packageVersion} from '../files/index.js'
import type {PreparationInputs} from '../prepared/prepared-manifest.js'
import {fingerprintOfPlace, type ModelPlace, tokenizerFolder} from '../runs/model-place.js'
import type {ChatTemplate} from '../tokenizer/chat-template.js'
import {readTokenizerFiles} from '../tokenizer/tokenizer-files.js'
import type {ScoringModels} from './locate-models.js'

/** What a preparation reads. */
interface PreparedFrom {
  readonly config: Config
  readonly source: DocumentPlace
  readonly models: ScoringModels
}

/**
 * Hashes everything that the result depends on and lists the settings.
 *
 * @throws {DataError} when there are no documents, or a file cannot be read
 */
export async function preparationInputs({
  config: {data, precision, prompt, reward, seed},
  source,
  models: {proxy, difficultyModel},
}: PreparedFrom): Promise<PreparationInputs> {
  const {documents: _documents, tokenizer, proxy: _proxy, difficultyModel: _model, dir: _dir, ...others} = data
  const files = await listDocumentFiles(source)
  const settings = {
    seed,
    'reward.maxReferenceTokens': reward.maxReferenceTokens,
    // What was prepared before there was a choice stays as good as it was.
    ...(precision !== findKey('precision')!.defaultValue && {precision}),
    ...Object.fromEntries(Object.entries(others).map(([key, value]) => [`data.${key}`, value])),
  }
  return {
    version: packageVersion,
    fingerprints: {
      documents: fingerprintOf({inputs: files.map(({file}) => file), options: files.map(({name}) => name)}),
      tokenizer: hashTokenizer(tokenizer ?? (proxy && tokenizerFolder(proxy)), withoutFile),
      'chat template': prompt.chatTemplateFile ? hashFile(prompt.chatTemplateFile) : 'none',
      proxy: hashModel(proxy),
      'difficulty model': hashModel(difficultyModel),
      settings: hashJson(settings),
    },
    settings,
  }
}

/** The same fingerprints in the form of folders prepared earlier, which hold the path of the chat template's file. */
export function formerFingerprints(
  {config: {data}, models: {proxy}}: Pick<PreparedFrom, 'config' | 'models'>,
  fingerprints: PreparationInputs['fingerprints'],
): PreparationInputs['fingerprints'] {
  const folder = data.tokenizer ?? (proxy && tokenizerFolder(proxy))
  return {...fingerprints, tokenizer: hashTokenizer(folder, (template) => template)}
}

/**
 * What differs between a manifest and these inputs, in words.
 *
 * @param former other fingerprints that count as the same
 */
export function changedInputs(
  manifest: Manifest,
  {fingerprints, settings}: PreparationInputs,
  former = fingerprints,
): string[] {
  const {fingerprints: hashes = {}, settings: values = {}} = manifest as Partial<PreparationInputs>
  const parts = Object.keys(fingerprints).filter((part) => part !== 'settings')
  const changedParts = parts.filter((part) => hashes[part] !== fingerprints[part] && hashes[part] !== former[part])
  const keys = [...new Set([...Object.keys(values), ...Object.keys(settings)])]
  const changedKeys = keys.filter((key) => inWords(values[key]) !== inWords(settings[key]))
  return [
    ...changedParts.map((part) => `${part} changed`),
    ...changedKeys.map((key) => `${key} changed from ${inWords(values[key])} to ${inWords(settings[key])}`),
  ]
}

/** A template by what it says: where its file is does not count. */
function withoutFile(template: ChatTemplate | null): object | null {
  return template && {source: template.source, tokens: template.tokens}
}

/** What cuts documents into tokens: rules, the tokens around a text, the chat template. */
function hashTokenizer(folder: string | undefined, describe: (template: ChatTemplate | null) => object | null): string {
  if (folder === undefined || !existsSync(join(folder, 'tokenizer.json'))) return 'none'
  const {fingerprint, config, chatTemplate} = readTokenizerFiles(folder)
  const {bos_token, eos_token, pad_token, add_bos_token} = config
  return hashJson({
    fingerprint,
    bos_token,
    eos_token,
    pad_token,
    add_bos_token,
    chat: JSON.stringify(describe(chatTemplate)),
  })
}

function hashModel(place: ModelPlace | undefined): string {
  return place ? fingerprintOfPlace(place) : 'none'
}

function inWords(value: unknown): string {
  return value === undefined ? 'unset' : canonicalJson(value)
}
