import {existsSync} from 'node:fs'
import {join} from 'node:path'
import type {Config} from '../config/schema.js'
import type {DocumentSource} from '../corpus/documents.js'
import {type LocatedDocuments, locateDocuments} from '../corpus/locate-documents.js'
import {standardInput} from '../corpus/standard-input.js'
import type {Origin} from '../hub/address.js'
import {resolveHere, unlessFetched} from '../hub/resolve-source.js'
import {checkModel, configFolder, type ModelPlace, readModel, tokenizerFolder} from '../runs/model-place.js'
import {conversationTemplate} from '../tokenizer/chat-template.js'
import {agreeWithin, fitTokenizer, loadTokenizer, type Tokenizer} from '../tokenizer/tokenizer.js'
import {DataError, UsageError} from '../util/errors.js'
import type {Services} from '../util/services.js'
import {locateModels, type ScoringModels} from './locate-models.js'
import type {Scorer} from './scorer.js'

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

/** Settings with folders in place of Hub ids, where models and the documents are, and which commits came from the Hub, by setting. */
export interface Located {
  readonly config: Config
  readonly models: ScoringModels
  readonly source: DocumentSource
  readonly origins: Readonly<Record<string, Origin>>
  /** Whether they are on this machine; a rehearsal fetches nothing. */
  readonly hasDocuments: boolean
  readonly hasModels: boolean
  /** Removes what was made for reading the documents. */
  readonly release: () => void
}

/** Finds models and documents, here or on the Hub. */
export async function locate(config: Config, services: Services): Promise<Located> {
  const {config: local, models, origins, isWhole} = await locateModels(config, services)
  const {origin, hasDocuments, release = () => {}, ...place} = await documentsFor(config, services)
  const {textField, separator, limit} = config.data
  return {
    config: local,
    models,
    source: {...place, textField, separator, limit},
    origins: origin ? {...origins, 'data.documents': origin} : origins,
    hasDocuments,
    hasModels: isWhole,
    release,
  }
}

/** Where the documents are; a rehearsal notes what would be fetched, or read from the standard input. */
async function documentsFor(
  {data}: Config,
  services: Services,
): Promise<LocatedDocuments & {readonly hasDocuments: boolean}> {
  const {rehearsal} = services
  if (!rehearsal) return {...(await locateDocuments(data, services)), hasDocuments: true}
  const absent = (why: string) => {
    rehearsal.note(`documents ${data.documents}: ${why}`)
    return {path: data.documents!, origin: null, hasDocuments: false}
  }
  if (data.documents === standardInput) return absent('the standard input is read when the command runs')
  const here = locateDocuments(data, services, resolveHere).then((found) => ({...found, hasDocuments: true}))
  return unlessFetched(here, () => absent('the files of the split are fetched from the Hub'))
}

/**
 * Loads the tokenizer and checks the models against it.
 *
 * @throws {UsageError} when there is no tokenizer
 * @throws {DataError} when a checkpoint has another one, or cannot be read
 */
export async function setUp({config, models, source}: Located, services: Services): Promise<Setup> {
  const {proxy, difficultyModel} = models
  const {documentsOnly} = config.data
  const folder = config.data.tokenizer ?? (proxy ? tokenizerFolder(proxy) : missingTokenizer())
  const roles = [
    {role: 'proxy', place: proxy, partitions: ['train', 'val']},
    {role: 'difficulty model', place: difficultyModel, partitions: ['val']},
  ] as const
  let tokenizer = await loadTokenizer(folder)
  const scorers: Scorer[] = []
  for (const {role, place, partitions} of roles) {
    if (documentsOnly || place === undefined) continue
    const model = await readModel(place)
    const checkpoint = configFolder(place)
    await checkSameTokenizer(tokenizer, folder, place, model.vocabulary)
    tokenizer = fitTokenizer(tokenizer, model.vocabulary, checkpoint, services.progress)
    if (config.data.topK > model.vocabulary)
      throw new UsageError(
        `prepare-data: data.topK is ${config.data.topK}; ${checkpoint} has a vocabulary of ${model.vocabulary}`,
      )
    await checkModel(place)
    scorers.push({role, place, maxPositions: model.maxPositions, partitions})
  }
  const chatTemplate = conversationTemplate(tokenizer, config.prompt)
  return {config, source: {...source, chatTemplate}, tokenizerFolder: folder, tokenizer, scorers, services}
}

/** Refuses a checkpoint that was trained on other tokens. */
async function checkSameTokenizer(
  tokenizer: Tokenizer,
  folder: string,
  place: ModelPlace,
  vocabulary: number,
): Promise<void> {
  const checkpoint = tokenizerFolder(place)
  if (checkpoint === folder || !existsSync(join(checkpoint, 'tokenizer.json'))) return
  if (agreeWithin(await loadTokenizer(checkpoint), tokenizer, vocabulary)) return
  throw new DataError(`${checkpoint} has another tokenizer than ${folder}`, {
    suggestions: ['give the --tokenizer that belongs to this checkpoint'],
  })
}

function missingTokenizer(): never {
  throw new UsageError('prepare-data: no tokenizer to read the documents with', {
    suggestions: ['give --tokenizer DIR, or the --proxy it belongs to'],
  })
}
