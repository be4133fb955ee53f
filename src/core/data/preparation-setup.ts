import {existsSync} from 'node:fs'
import {join} from 'node:path'
import type {Config} from '../config/schema.js'
import {checkWeights} from '../engine/checkpoint.js'
import type {Origin} from '../hub/address.js'
import {readModelConfig} from '../models/model-config.js'
import type {Partition} from '../records/records.js'
import {conversationTemplate} from '../tokenizer/chat-template.js'
import {checkTokenizerFits, loadTokenizer, type Tokenizer} from '../tokenizer/tokenizer.js'
import {DataError, UsageError} from '../util/errors.js'
import type {Services} from '../util/services.js'
import type {DocumentSource} from './documents.js'
import {locateDocuments} from './locate-documents.js'
import {locateModels} from './locate-models.js'
import type {Scorer} from './score-documents.js'

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
}

/** Finds models and documents, here or on the Hub. */
export async function locate(config: Config, services: Services): Promise<Located> {
  const {config: local, origins} = await locateModels(config, services)
  const {origin, release = () => {}, ...place} = await locateDocuments(config.data, services)
  const {textField, separator, limit} = config.data
  return {
    config: local,
    source: {...place, textField, separator, limit},
    origins: origin ? {...origins, 'data.documents': origin} : origins,
    release,
  }
}

/**
 * Loads the tokenizer and checks the models against it.
 *
 * @throws {UsageError} when there is no tokenizer
 * @throws {DataError} when a checkpoint has another one, or cannot be read
 */
export async function setUp({config, source}: Located, services: Services): Promise<Setup> {
  const tokenizerFolder = config.data.tokenizer ?? config.data.proxy ?? missingTokenizer()
  const tokenizer = await loadTokenizer(tokenizerFolder)
  const {proxy, difficultyModel, documentsOnly} = config.data
  const scorers: Scorer[] = []
  if (!documentsOnly) {
    scorers.push(await scorerOf('proxy', proxy!, ['train', 'val'], tokenizer, tokenizerFolder))
    if (difficultyModel)
      scorers.push(await scorerOf('difficulty model', difficultyModel, ['val'], tokenizer, tokenizerFolder))
  }
  const chatTemplate = conversationTemplate(tokenizer, config.prompt)
  return {config, source: {...source, chatTemplate}, tokenizerFolder, tokenizer, scorers, services}
}

/** Refuses a checkpoint that cannot score this tokenizer's tokens. */
async function scorerOf(
  role: Scorer['role'],
  checkpoint: string,
  partitions: readonly Partition[],
  tokenizer: Tokenizer,
  tokenizerFolder: string,
): Promise<Scorer> {
  const model = await readModelConfig(checkpoint)
  checkTokenizerFits(tokenizer, model.vocabulary, checkpoint)
  checkWeights(model, checkpoint)
  const hasTokenizer = existsSync(join(checkpoint, 'tokenizer.json'))
  if (hasTokenizer && (await loadTokenizer(checkpoint)).fingerprint !== tokenizer.fingerprint)
    throw new DataError(`${checkpoint} has another tokenizer than ${tokenizerFolder}`, {
      suggestions: ['give the --tokenizer that belongs to this checkpoint'],
    })
  return {role, checkpoint, maxPositions: model.maxPositions, partitions}
}

function missingTokenizer(): never {
  throw new UsageError('prepare-data: no tokenizer to read the documents with', {
    suggestions: ['give --tokenizer DIR, or the --proxy it belongs to'],
  })
}
