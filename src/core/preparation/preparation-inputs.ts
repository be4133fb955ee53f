import {existsSync, statSync} from 'node:fs'
import {join} from 'node:path'
import {findKey} from '../config/keys.js'
import type {Config} from '../config/schema.js'
import {type DocumentPlace, listDocumentFiles} from '../corpus/documents.js'
import {canonicalJson, fingerprintOf, hashFile, hashJson, type Manifest, packageVersion} from '../files/index.js'
import type {PreparationInputs} from '../prepared/prepared-manifest.js'
import {readTokenizerFiles} from '../tokenizer/tokenizer-files.js'
import {fingerprintOfModel} from '../weights/index.js'

/**
 * Hashes everything that the result depends on and lists the settings.
 *
 * @throws {DataError} when there are no documents, or a file cannot be read
 */
export async function preparationInputs(
  {data, precision, prompt, reward, seed}: Config,
  place: DocumentPlace,
): Promise<PreparationInputs> {
  const {documents: _documents, tokenizer, proxy, difficultyModel, dir: _dir, ...others} = data
  const files = await listDocumentFiles(place)
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
      tokenizer: hashTokenizer(tokenizer ?? proxy),
      'chat template': prompt.chatTemplateFile ? hashFile(prompt.chatTemplateFile) : 'none',
      proxy: hashModel(proxy),
      'difficulty model': hashModel(difficultyModel),
      settings: hashJson(settings),
    },
    settings,
  }
}

/** What differs between a manifest and these inputs, in words. */
export function changedInputs(manifest: Manifest, {fingerprints, settings}: PreparationInputs): string[] {
  const {fingerprints: hashes = {}, settings: values = {}} = manifest as Partial<PreparationInputs>
  const parts = Object.keys(fingerprints).filter((part) => part !== 'settings')
  const changedParts = parts.filter((part) => hashes[part] !== fingerprints[part])
  const keys = [...new Set([...Object.keys(values), ...Object.keys(settings)])]
  const changedKeys = keys.filter((key) => inWords(values[key]) !== inWords(settings[key]))
  return [
    ...changedParts.map((part) => `${part} changed`),
    ...changedKeys.map((key) => `${key} changed from ${inWords(values[key])} to ${inWords(settings[key])}`),
  ]
}

/** What cuts documents into tokens: rules, the tokens around a text, the chat template. */
function hashTokenizer(folder: string | undefined): string {
  if (folder === undefined || !existsSync(join(folder, 'tokenizer.json'))) return 'none'
  const {fingerprint, config, chatTemplate} = readTokenizerFiles(folder)
  const {bos_token, eos_token, pad_token, add_bos_token} = config
  return hashJson({fingerprint, bos_token, eos_token, pad_token, add_bos_token, chat: JSON.stringify(chatTemplate)})
}

function hashModel(folder: string | undefined): string {
  const isThere = folder !== undefined && statSync(folder, {throwIfNoEntry: false})?.isDirectory()
  return isThere ? fingerprintOfModel(folder) : 'none'
}

function inWords(value: unknown): string {
  return value === undefined ? 'unset' : canonicalJson(value)
}
