import {existsSync, readdirSync, readFileSync, statSync} from 'node:fs'
import {writeFile} from 'node:fs/promises'
import {basename, dirname, join} from 'node:path'
import {configHash} from '../config/resolved.js'
import type {Config} from '../config/schema.js'
import type {Engine} from '../engine/engine.js'
import type {TokenScores} from '../engine/score.js'
import {startEngine} from '../engine/start-engine.js'
import {checkLocal} from '../hub/check-local.js'
import {readModelConfig} from '../models/model-config.js'
import type {Document, Partition, Position} from '../records/records.js'
import {
  checkWritable,
  type DocumentRow,
  documentsTable,
  type PositionRow,
  positionsTable,
  sweepTemporary,
  verifyFolder,
  writeFolder,
  writeTable,
} from '../store/index.js'
import {checkTokenizerFits, loadTokenizer, type Tokenizer} from '../tokenizer/tokenizer.js'
import {DataError, Interrupted, UsageError} from '../util/errors.js'
import type {Services} from '../util/services.js'
import {copyTokenizer} from './copy-tokenizer.js'
import {readDocuments} from './documents.js'
import {changedInputs, type PreparationInputs, preparationInputs} from './preparation-inputs.js'
import {selectPositions} from './select.js'
import {holdOut} from './split.js'
import {tokenizeDocument} from './tokenize.js'

/** How many positions ended where. */
export interface PositionCounts {
  readonly total: number
  readonly kept: number
  readonly easy: number
  readonly medium: number
  readonly hard: number
}

/** `summary.json` of prepared data: what was made, from how much, at what cost. */
export interface PrepareSummary {
  readonly command: 'prepare-data'
  readonly version: string
  readonly config_hash: string
  readonly out: string
  /** Whether an earlier result for the same inputs was there. */
  readonly reused: boolean
  readonly documents: Readonly<Record<Partition, number>>
  readonly positions: Readonly<Record<Partition, PositionCounts>>
  readonly started: string
  readonly wall_seconds: number
  readonly peak_rss_bytes: number
}

/**
 * `rpt prepare-data`: documents -> tokens -> held-out split -> entropy of every position -> selection, in Arrow tables.
 *
 * An output folder made from the same inputs is kept as it is; one made from others is refused, naming what changed.
 */
export async function prepareData(config: Config, services: Services): Promise<PrepareSummary> {
  const started = new Date()
  const out = config.data.documentsOnly || config.data.proxy ? config.out! : missingProxy()
  checkSources(config)
  const inputs = preparationInputs(config)
  const earlier = reusable(out, inputs, services)
  if (earlier) return earlier
  await checkWritable(out)

  const tokenizerFolder = config.data.tokenizer ?? config.data.proxy ?? missingTokenizer()
  const tokenizer = await loadTokenizer(tokenizerFolder)
  await checkScorers(config, tokenizer)
  const documents = await readAndSplit(config, tokenizer, services)
  const positions = config.data.documentsOnly ? [] : await scorePositions(config, tokenizer, documents, services)
  const counts = {train: countPositions(positions, 'train'), val: countPositions(positions, 'val')}
  if (!config.data.documentsOnly && counts.train.kept + counts.val.kept === 0)
    throw new DataError(`prepare-data: none of ${positions.length} positions is left after filtering`, {
      suggestions: ['lower data.selectThreshold and data.thresholds', 'use a weaker proxy', 'give more documents'],
    })

  const summary = (): PrepareSummary => ({
    command: 'prepare-data',
    version: services.version,
    config_hash: configHash(config),
    out,
    reused: false,
    documents: {train: countDocuments(documents, 'train'), val: countDocuments(documents, 'val')},
    positions: counts,
    started: started.toISOString(),
    wall_seconds: (Date.now() - started.getTime()) / 1000,
    peak_rss_bytes: process.resourceUsage().maxRSS * 1024,
  })
  await sweepTemporary(dirname(out), basename(out))
  await writeFolder(
    out,
    async (folder) => {
      await writeTable(join(folder, 'documents.arrow'), documentsTable, documents.map(documentRow))
      await writeTable(join(folder, 'positions.arrow'), positionsTable, positions.map(positionRow))
      await copyTokenizer(tokenizerFolder, folder)
      await writeFile(join(folder, 'summary.json'), `${JSON.stringify(summary(), null, 2)}\n`)
    },
    {...inputs, documents: summary().documents, positions: counts, splits: config.data.splits},
  )
  return summary()
}

/** Refuses what is not on this machine, before anything is read. */
function checkSources({data}: Config): void {
  checkLocal('documents', data.documents!, 'dataset')
  if (data.tokenizer) checkLocal('tokenizer', data.tokenizer)
  if (data.proxy) checkLocal('proxy', data.proxy)
  if (data.difficultyModel) checkLocal('difficulty model', data.difficultyModel)
}

/** Refuses checkpoints that cannot score this tokenizer's tokens, before documents are read. */
async function checkScorers({data}: Config, tokenizer: Tokenizer): Promise<void> {
  for (const checkpoint of [data.proxy, data.difficultyModel]) {
    if (checkpoint === undefined || data.documentsOnly) continue
    checkTokenizerFits(tokenizer, (await readModelConfig(checkpoint)).vocabulary, checkpoint)
    if (!existsSync(join(checkpoint, 'tokenizer.json'))) continue
    if ((await loadTokenizer(checkpoint)).fingerprint !== tokenizer.fingerprint)
      throw new DataError(`${checkpoint} has another tokenizer than ${data.tokenizer ?? data.proxy}`, {
        suggestions: ['give the --tokenizer that belongs to this checkpoint'],
      })
  }
}

function missingProxy(): never {
  throw new UsageError('prepare-data: no proxy checkpoint to score entropy with', {
    suggestions: ['give --proxy DIR', 'give --documents-only to write documents without positions'],
  })
}

function missingTokenizer(): never {
  throw new UsageError('prepare-data: no tokenizer to read the documents with', {
    suggestions: ['give --tokenizer DIR, or the --proxy it belongs to'],
  })
}

/** The summary of an earlier result for these inputs, or null when there is none. */
function reusable(out: string, inputs: PreparationInputs, {progress, overwrite}: Services): PrepareSummary | null {
  if (!existsSync(out)) return null
  if (!statSync(out).isDirectory())
    throw new UsageError(`prepare-data: --out ${out} is a file; needs a folder`, {
      suggestions: ['choose another --out'],
    })
  if (readdirSync(out).length === 0) return null
  const verdict = verifyFolder(out)
  const reasons = verdict.kind === 'valid' ? changedInputs(verdict.manifest, inputs) : [verdict.reason]
  if (verdict.kind === 'valid' && reasons.length === 0) {
    progress.log(`${out} was made from these very inputs and is reused`)
    return {...JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8')), out, reused: true}
  }
  if (!overwrite)
    throw new UsageError(`prepare-data: ${out} is not empty and not a result of these inputs: ${reasons.join('; ')}`, {
      suggestions: ['give --overwrite to prepare it again', 'choose another --out'],
    })
  if (!existsSync(join(out, 'manifest.json')))
    throw new UsageError(`prepare-data: --overwrite of ${out}, which holds files but no prepared data`, {
      suggestions: ['choose another --out', 'empty the folder yourself if its files are not needed'],
    })
  progress.log(`${out} is prepared again: ${reasons.join('; ')}`)
  return null
}

async function readAndSplit(
  {data, seed}: Config,
  tokenizer: Tokenizer,
  {progress, signal}: Services,
): Promise<Document[]> {
  const stage = progress.stage('read documents', undefined, 'documents')
  const raw: {docId: string; text: string}[] = []
  for await (const document of readDocuments({path: data.documents!, textField: data.textField, limit: data.limit})) {
    checkNotStopped(signal)
    raw.push(document)
    stage.advance(1)
  }
  const partitions = holdOut(
    raw.map(({text}) => text),
    {seed, valFraction: data.valFraction, valDocuments: data.valDocuments},
  )
  const documents = raw.map((document, i) => tokenizeDocument(document, partitions[i], tokenizer))
  const normalized = documents.filter(({text}, i) => text !== raw[i].text).length
  if (normalized > 0) progress.warn(`documents brought to Unicode form NFC, as the tokenizer asks: ${normalized}`)
  stage.done(`${documents.length} documents`)
  return documents
}

/** Entropy of every target by the proxy and, for held-out documents, by the difficulty model; then the selection. */
async function scorePositions(
  config: Config,
  tokenizer: Tokenizer,
  documents: readonly Document[],
  services: Services,
): Promise<Position[]> {
  const {proxy, difficultyModel} = config.data
  const engine = startEngine(config)
  try {
    const scores = await scoreWith(engine, proxy!, 'proxy', documents, config, services)
    const heldOut = documents.filter(({partition}) => partition === 'val')
    const difficulty = difficultyModel
      ? await scoreWith(engine, difficultyModel, 'difficulty model', heldOut, config, services)
      : new Map(heldOut.map(({docId}) => [docId, scores.get(docId)!]))
    return selectPositions(documents, scores, difficulty, tokenizer, config)
  } finally {
    await engine.close()
  }
}

/** Documents scored by one call, so that progress moves. */
const documentsPerCall = 256

async function scoreWith(
  engine: Engine,
  checkpoint: string,
  role: string,
  documents: readonly Document[],
  {data}: Config,
  {progress, signal}: Services,
): Promise<Map<string, TokenScores>> {
  const model = await readModelConfig(checkpoint)
  const tooLong = documents.find(({tokenIds}) => tokenIds.length > model.maxPositions)
  if (tooLong)
    throw new DataError(
      `${tooLong.docId} has ${tooLong.tokenIds.length} tokens; the ${role} ${checkpoint} takes ${model.maxPositions}`,
      {suggestions: ['cut the document', `use a ${role} with a longer context`]},
    )
  await engine.load({checkpoint})
  const total = documents.reduce((sum, {tokenIds}) => sum + tokenIds.length - 1, 0)
  const stage = progress.stage(`score entropy (${role})`, total, 'positions')
  const scores = new Map<string, TokenScores>()
  for (let start = 0; start < documents.length; start += documentsPerCall) {
    checkNotStopped(signal)
    const chunk = documents.slice(start, start + documentsPerCall)
    const scored = await engine.score(
      chunk.map(({tokenIds}) => tokenIds),
      data,
    )
    chunk.forEach(({docId}, i) => {
      scores.set(docId, scored[i])
    })
    stage.advance(chunk.reduce((sum, {tokenIds}) => sum + tokenIds.length - 1, 0))
  }
  stage.done()
  return scores
}

function checkNotStopped(signal: AbortSignal): void {
  if (signal.aborted) throw new Interrupted('prepare-data: stopped; nothing was written')
}

function countDocuments(documents: readonly Document[], partition: Partition): number {
  return documents.filter((document) => document.partition === partition).length
}

function countPositions(positions: readonly Position[], partition: Partition): PositionCounts {
  const counts = {total: 0, kept: 0, none: 0, easy: 0, medium: 0, hard: 0}
  for (const position of positions) {
    if (position.partition !== partition) continue
    counts.total++
    counts[position.difficulty]++
    if (position.kept) counts.kept++
  }
  const {total, kept, easy, medium, hard} = counts
  return {total, kept, easy, medium, hard}
}

function documentRow({docId, partition, text, tokenIds, byteOffsets}: Document): DocumentRow {
  return {doc_id: docId, partition, text, token_ids: tokenIds, byte_offsets: byteOffsets}
}

function positionRow(position: Position): PositionRow {
  return {
    doc_id: position.docId,
    position: position.position,
    partition: position.partition,
    target_id: position.targetId,
    target_bytes: position.targetBytes,
    entropy: position.entropy,
    difficulty_entropy: position.difficultyEntropy,
    target_logprob: position.targetLogprob,
    top1_id: position.top1Id,
    difficulty: position.difficulty,
    kept: position.kept,
    reason: position.reason,
  }
}
