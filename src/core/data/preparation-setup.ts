import {existsSync} from 'node:fs'
import {join} from 'node:path'
import type {Config} from '../config/schema.js'
import {checkWeights} from '../engine/checkpoint.js'
import type {Origin} from '../hub/address.js'
import {resolveHere, unlessFetched} from '../hub/resolve-source.js'
import {readModelConfig} from '../models/model-config.js'
import {conversationTemplate} from '../tokenizer/chat-template.js'
import {fitTokenizer, loadTokenizer, type Tokenizer} from '../tokenizer/tokenizer.js'
import {DataError, UsageError} from '../util/errors.js'
import type {Services} from '../util/services.js'
import type {DocumentSource} from './documents.js'
import {type LocatedDocuments, locateDocuments} from './locate-documents.js'
import {locateModels} from './locate-models.js'
import type {Scorer} from './score-documents.js'
import {standardInput} from './standard-input.js'

/** What the preparation works with, checked before any document is read. */
export interface Setup {
  readonly config: Config
  readonly source: DocumentSource
  readonly tokenizerFolder: string
  readonly tokenizer: Tokenizer
  /** The proxy first, then the difficulty model where there is one; none where documents alone are written. */
  readonly scorers: readonly Scorer[]
  readonly services: Services
}

/** Settings with folders in place of Hub ids, where the documents are, and which commits came from the Hub, by setting. */
export interface Located {
  readonly config: Config
  readonly source: DocumentSource
  readonly origins: Readonly<Record<string, Origin>>
  /** Removes what was made for reading the documents. */
  readonly release: () => void
  /** Whether all of it is on this machine; a rehearsal fetches nothing and reads no standard input. */
  readonly isWhole: boolean
  /** Whether the models are. */
  readonly hasModels: boolean
}

/** Finds models and documents, here or on the Hub. */
export async function locate(config: Config, services: Services): Promise<Located> {
  const {config: local, origins, isWhole: hasModels} = await locateModels(config, services)
  const {origin, isWhole, release = () => {}, ...place} = await documentsFor(config, services)
  const {textField, separator, limit} = config.data
  return {
    config: local,
    source: {...place, textField, separator, limit},
    origins: origin ? {...origins, 'data.documents': origin} : origins,
    release,
    isWhole: isWhole && hasModels,
    hasModels,
  }
}

/** Where the documents are; a rehearsal notes what would be fetched or read first. */
async function documentsFor(config: Config, services: Services): Promise<LocatedDocuments & {isWhole: boolean}> {
  const {rehearsal} = services
  if (!rehearsal) return {...(await locateDocuments(config.data, services)), isWhole: true}
  const later = (what: string) => {
    rehearsal.note(`documents ${config.data.documents}: ${what}`)
    return {path: config.data.documents!, origin: null, isWhole: false}
  }
  if (config.data.documents === standardInput) return later('the standard input is read when the command runs')
  const here = locateDocuments(config.data, services, resolveHere).then((found) => ({...found, isWhole: true}))
  return unlessFetched(here, () => later('the files of the split are fetched from the Hub'))
}

/**
 * Loads the tokenizer and checks the models against it.
 *
 * @throws {UsageError} when there is no tokenizer
 * @throws {DataError} when a checkpoint has another one, or cannot be read
 */
export async function setUp({config, source}: Located, services: Services): Promise<Setup> {
  const tokenizerFolder = config.data.tokenizer ?? config.data.proxy ?? missingTokenizer()
  const {proxy, difficultyModel, documentsOnly} = config.data
  const roles = [
    {role: 'proxy', checkpoint: proxy, partitions: ['train', 'val']},
    {role: 'difficulty model', checkpoint: difficultyModel, partitions: ['val']},
  ] as const
  let tokenizer = await loadTokenizer(tokenizerFolder)
  const scorers: Scorer[] = []
  for (const {role, checkpoint, partitions} of roles) {
    if (documentsOnly || checkpoint === undefined) continue
    const model = await readModelConfig(checkpoint)
    await checkSameTokenizer(tokenizer, tokenizerFolder, checkpoint)
    tokenizer = fitTokenizer(tokenizer, model.vocabulary, checkpoint, services.progress)
    checkWeights(model, checkpoint)
    scorers.push({role, checkpoint, maxPositions: model.maxPositions, partitions})
  }
  const chatTemplate = conversationTemplate(tokenizer, config.prompt)
  return {config, source: {...source, chatTemplate}, tokenizerFolder, tokenizer, scorers, services}
}

/** Refuses a checkpoint that was trained on other tokens. */
async function checkSameTokenizer(tokenizer: Tokenizer, tokenizerFolder: string, checkpoint: string): Promise<void> {
  if (checkpoint === tokenizerFolder || !existsSync(join(checkpoint, 'tokenizer.json'))) return
  if ((await loadTokenizer(checkpoint)).fingerprint === tokenizer.fingerprint) return
  throw new DataError(`${checkpoint} has another tokenizer than ${tokenizerFolder}`, {
    suggestions: ['give the --tokenizer that belongs to this checkpoint'],
  })
}

function missingTokenizer(): never {
  throw new UsageError('prepare-data: no tokenizer to read the documents with', {
    suggestions: ['give --tokenizer DIR, or the --proxy it belongs to'],
  })
}
