import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {findKey} from '../config/keys.js'
import type {Config} from '../config/schema.js'
import {type DocumentFile, type DocumentPlace, listDocumentFiles} from '../corpus/documents.js'
import {canonicalJson, fingerprintOf, hashFile, hashJson, type Manifest, packageVersion} from '../files/index.js'
import type {PreparationInputs} from '../prepared/prepared-manifest.js'
import {fingerprintOfPlace, type ModelPlace, tokenizerFolder} from '../runs/model-place.js'
import {originsIn} from '../runs/origins.js'
import type {ChatTemplate} from '../tokenizer/chat-template.js'
import {readTokenizerFiles} from '../tokenizer/tokenizer-files.js'
import type {ScoringModels} from './locate-models.js'

/** How a key of `data` counts; `not read` also where it changes the order of sums alone. */
type Part = 'setting' | 'by content' | 'not read'

/** Every key of `data`, in the order in which settings are listed. */
export const partsOfData: Readonly<Record<keyof Config['data'], Part>> = {
  documents: 'by content',
  tokenizer: 'by content',
  proxy: 'by content',
  difficultyModel: 'by content',
  documentsOnly: 'setting',
  dir: 'not read',
  questions: 'not read',
  questionField: 'not read',
  answerField: 'not read',
  optionsField: 'not read',
  categoryField: 'not read',
  verifier: 'not read',
  textField: 'setting',
  separator: 'setting',
  split: 'setting',
  subset: 'setting',
  limit: 'setting',
  onBadRow: 'setting',
  onLongDocument: 'setting',
  valFraction: 'setting',
  valDocuments: 'setting',
  select: 'setting',
  selectThreshold: 'setting',
  selectBand: 'setting',
  topShare: 'setting',
  thresholds: 'setting',
  splits: 'setting',
  topK: 'setting',
  minContext: 'setting',
  batchTokens: 'not read',
}

const dataKeys = Object.keys(partsOfData) as (keyof Config['data'])[]
const counts = (key: keyof Config['data']) => partsOfData[key] === 'setting'
/** Folders prepared earlier list these too. */
const uncountedKeys = new Set(dataKeys.filter((key) => !counts(key)).map((key) => `data.${key}`))

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
export function preparationInputs({
  config: {data, precision, prompt, reward, seed},
  source,
  models: {proxy, difficultyModel},
}: PreparedFrom): PreparationInputs {
  const files = listDocumentFiles(source)
  const settings = {
    seed,
    'reward.maxReferenceTokens': reward.maxReferenceTokens,
    // What was prepared before there was a choice stays as good as it was.
    ...(precision !== findKey('precision')!.defaultValue && {precision}),
    ...Object.fromEntries(dataKeys.filter(counts).map((key) => [`data.${key}`, data[key]])),
  }
  return {
    version: packageVersion,
    fingerprints: {
      documents: hashDocuments(files, source.split?.dataset),
      tokenizer: hashTokenizer(data.tokenizer ?? (proxy && tokenizerFolder(proxy)), withoutFile),
      'chat template': prompt.chatTemplateFile ? hashFile(prompt.chatTemplateFile) : 'none',
      proxy: hashModel(proxy),
      'difficulty model': hashModel(difficultyModel),
      settings: hashJson(settings),
    },
    settings,
  }
}

/**
 * The fingerprints in the form of folders prepared earlier: with the path of the chat template's file, and without the name
 * of the data set, which the origins of such a folder tell.
 */
function formerFingerprints(
  {config: {data}, models: {proxy}, source}: PreparedFrom,
  {fingerprints}: PreparationInputs,
): PreparationInputs['fingerprints'] {
  const folder = data.tokenizer ?? (proxy && tokenizerFolder(proxy))
  return {
    ...fingerprints,
    tokenizer: hashTokenizer(folder, (template) => template),
    documents: hashDocuments(listDocumentFiles(source), undefined),
  }
}

/** What differs between a manifest and these inputs, in words. */
export function changedInputs(manifest: Manifest, inputs: PreparationInputs, from: PreparedFrom): string[] {
  const {fingerprints, settings} = inputs
  const {fingerprints: hashes = {}, settings: values = {}} = manifest as Partial<PreparationInputs>
  const former = formerFingerprints(from, inputs)
  // Without the name in the fingerprint, a folder prepared earlier from the Hub would pass for one of a local copy.
  const isOther = (part: string) => part === 'documents' && datasetOf(manifest) !== from.source.split?.dataset
  const parts = Object.keys(fingerprints).filter((part) => part !== 'settings')
  const changedParts = parts.filter(
    (part) => isOther(part) || (hashes[part] !== fingerprints[part] && hashes[part] !== former[part]),
  )
  const keys = [...new Set([...Object.keys(values), ...Object.keys(settings)])].filter((key) => !uncountedKeys.has(key))
  const changedKeys = keys.filter((key) => inWords(values[key]) !== inWords(settings[key]))
  return [
    ...changedParts.map((part) => `${part} changed`),
    ...changedKeys.map((key) => `${key} changed from ${inWords(values[key])} to ${inWords(settings[key])}`),
  ]
}

/** The data set of the Hub that prepared data are of; undefined of documents that were on the machine. */
function datasetOf(manifest: Manifest): string | undefined {
  return originsIn(manifest)['data.documents']?.id
}

/** Files by content and name; a data set of the Hub also by its own name, which is in every `doc_id`. */
function hashDocuments(files: readonly DocumentFile[], dataset: string | undefined): string {
  const names = files.map(({name}) => name)
  return fingerprintOf({inputs: files.map(({file}) => file), options: dataset === undefined ? names : {dataset, names}})
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
