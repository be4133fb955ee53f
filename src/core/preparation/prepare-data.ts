import {rm, writeFile} from 'node:fs/promises'
import {basename, dirname, join} from 'node:path'
import {requireKeys, valueAt} from '../config/load.js'
import type {Config} from '../config/schema.js'
import {type BadRowCounts, BadRows} from '../corpus/bad-rows.js'
import {listDocumentFiles} from '../corpus/documents.js'
import {checkMemory, type MemoryDemand} from '../engine/memory/check-memory.js'
import {scoringDemand} from '../engine/memory/score-memory.js'
import {startEngine} from '../engine/start-engine.js'
import {fillOutput, type OutputState, outputKinds, sweepTemporary} from '../files/index.js'
import type {PositionCounts, SelectionSummary} from '../prepared/prepared-manifest.js'
import type {Partition} from '../records/records.js'
import {readModel} from '../runs/model-place.js'
import {type Summary, summarize} from '../runs/summary.js'
import {countRows, documentsTable, positionsTable, writeTable} from '../tables/index.js'
import {UsageError} from '../util/errors.js'
import {maxOf} from '../util/extremes.js'
import type {Services} from '../util/services.js'
import {copyTokenizer} from './copy-tokenizer.js'
import {countDuplicates, type DuplicateCounts, duplicateNotes} from './duplicates.js'
import {DocumentFitter, type LongDocumentCounts} from './fit-document.js'
import {type CountCheck, checkCounts, keptNothing, noneLeft, PositionTally, type Tallied} from './preparation-counts.js'
import {preparationInputs} from './preparation-inputs.js'
import {type Located, locate, type Setup, setUp} from './preparation-setup.js'
import {checkOutputPath, reusableSummary} from './reuse-output.js'
import {type ScoringCost, scoreDocuments} from './score-documents.js'
import {selections, summarizeSelection} from './selections.js'
import {surveyDocuments} from './survey-documents.js'
import {unreadKeys} from './unread-keys.js'
import {type DocumentCounts, writeDocuments} from './write-documents.js'
import {writePositions} from './write-positions.js'

/** `summary.json` of prepared data: what was made, from how much, at what cost. */
export interface PrepareSummary extends Summary {
  readonly out: string
  /** Whether an earlier result for the same inputs was there. */
  readonly reused: boolean
  /** How many were read, and where they went. */
  readonly documents: Readonly<Record<Partition | 'read', number>>
  /** Rows that are no documents. */
  readonly bad_rows: BadRowCounts
  /** Documents that repeat an earlier one. */
  readonly duplicates: DuplicateCounts
  /** Documents that are too long for a scorer. */
  readonly long_documents: LongDocumentCounts
  readonly positions: Readonly<Record<Partition, PositionCounts>>
  /** Of scoring entropy. */
  readonly compute: ScoringCost
  /** How training positions were chosen; null where none were looked at. */
  readonly selection: SelectionSummary | null
}

/** What was made of the corpus. */
type Prepared = Pick<Tallied, 'documents' | 'positions' | 'rows'> &
  Pick<PrepareSummary, 'bad_rows' | 'duplicates' | 'long_documents' | 'selection' | 'compute'> & {
    readonly checks: readonly CountCheck[]
  }

/**
 * `rpt prepare-data`: documents -> tokens -> held-out split -> entropy of every position -> selection, in Arrow tables.
 *
 * Every stage reads the table of the one before a batch at a time, so that memory does not grow with the corpus beyond a
 * few numbers per document. An output folder made from the same inputs is kept as it is; one made from others is refused,
 * naming what changed.
 */
export async function prepareData(config: Config, services: Services): Promise<PrepareSummary> {
  const started = new Date()
  const out = outputOf(config, services)
  const state = await checkOutputPath(out, services)
  const located = await locate(config, services)
  try {
    return await prepareIn(state, config, located, services, started)
  } finally {
    located.release()
  }
}

async function prepareIn(
  state: OutputState,
  config: Config,
  located: Located,
  services: Services,
  started: Date,
): Promise<PrepareSummary> {
  const out = config.out!
  const inputs = preparationInputs(located)
  const setup = await setUp(located, services)
  const earlier = await reusableSummary(state, located, inputs, services)
  if (earlier) return {...(earlier as PrepareSummary), out, reused: true}

  let prepared: Prepared
  let summary: PrepareSummary
  await sweepTemporary(dirname(out), {only: basename(out), warn: services.progress.warn})
  await fillOutput(
    out,
    outputKinds.preparedData.layout,
    async (folder) => {
      prepared = await prepareTables(folder, setup)
      await copyTokenizer(setup.tokenizerFolder, folder)
      summary = {
        ...(await summarize('prepare-data', config, services, started, null)),
        out,
        reused: false,
        documents: prepared.documents,
        bad_rows: prepared.bad_rows,
        duplicates: prepared.duplicates,
        long_documents: prepared.long_documents,
        positions: prepared.positions,
        compute: prepared.compute,
        selection: prepared.selection,
      }
      await writeFile(join(folder, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`)
    },
    () => ({
      rpt: outputKinds.preparedData.mark,
      ...inputs,
      ...manifestOf(prepared),
      splits: config.data.splits,
      origins: located.origins,
      given: modelKeys.filter((key) => valueAt(config, key) !== undefined),
    }),
  )
  return summary!
}

/** Settings that name models or a tokenizer: the fingerprints do not tell whether a tokenizer was given or is the proxy's. */
const modelKeys = ['data.tokenizer', 'data.proxy', 'data.difficultyModel']

/** What the manifest holds of it: what it took stands in the summary alone. */
function manifestOf({compute: _, ...kept}: Prepared) {
  return kept
}

/** The stages in their order: documents with their tokens and split; scores; positions. Scores do not stay. */
async function prepareTables(folder: string, setup: Setup): Promise<Prepared> {
  const {config, source, tokenizer, scorers, services} = setup
  const tables = {documents: join(folder, 'documents.arrow'), positions: join(folder, 'positions.arrow')}
  const badRows = new BadRows(config.data.onBadRow)
  const fitter = new DocumentFitter(config.data.onLongDocument, scorers, tokenizer)
  const survey = await surveyDocuments({source, config, tokenizer, scorers, badRows}, services)
  const duplicates = countDuplicates(survey)
  for (const line of duplicateNotes(duplicates, survey.hashes.length)) services.progress.warn(line)
  const plan = {source, config, survey, tokenizer, fitter, badRows}
  const written = await writeDocuments(tables.documents, plan, services)
  const {positions, compute} = await scoreAndSelect(tables, written, setup)
  const {train, val} = positions
  if (scorers.length > 0 && train.kept + val.kept === 0)
    throw noneLeft(train, val, selections[config.data.select].remedy)
  if (scorers.length > 0) for (const line of keptNothing(positions, config.data)) services.progress.warn(line)
  const documents = {read: survey.hashes.length, ...written.documents}
  const rows = {
    documents: countRows(tables.documents, documentsTable),
    positions: countRows(tables.positions, positionsTable),
  }
  const targets = scorers.length > 0 ? written.targets : {train: 0, val: 0}
  const long = fitter.summary
  const leftOut = written.untokenized + long.left_out
  const checks = checkCounts({documents, leftOut, added: long.windows - long.windowed, targets, positions, rows})
  const selection = scorers.length > 0 ? summarizeSelection(config.data, train) : null
  const taken = {documents, bad_rows: badRows.summary, duplicates, long_documents: long}
  return {...taken, positions, selection, compute, rows, checks}
}

/** Entropy of every target by the proxy and, for held-out documents, by the difficulty model; then the selection. */
async function scoreAndSelect(
  tables: {readonly documents: string; readonly positions: string},
  written: DocumentCounts,
  setup: Setup,
): Promise<{readonly positions: Readonly<Record<Partition, PositionCounts>>; readonly compute: ScoringCost}> {
  const {config, scorers, services} = setup
  const compute = {flops: 0, tokens: 0}
  if (scorers.length === 0) {
    await writeTable(tables.positions, positionsTable, [])
    return {positions: new PositionTally().counts, compute}
  }
  for (const {place, partitions} of scorers) {
    const longest = maxOf(partitions.map((partition) => written.longest[partition]))
    const demand = scoringDemand(await readModel(place), config, longest)
    services.progress.log(checkMemory('prepare-data', demand, config.memory))
  }
  const scoreFiles = scorers.map((_, i) => `${tables.positions}.scores-${i}`)
  const engine = startEngine(config)
  try {
    for (const [i, scorer] of scorers.entries()) {
      const files = {documents: tables.documents, scores: scoreFiles[i]}
      const {flops, tokens} = await scoreDocuments(engine, scorer, files, written, config.data, services)
      compute.flops += flops
      compute.tokens += tokens
    }
  } finally {
    await engine.close()
  }
  const [scores, difficulty] = scoreFiles
  const files = {documents: tables.documents, scores, difficulty}
  const positions = await writePositions(tables.positions, files, written, setup)
  for (const file of scoreFiles) await rm(file)
  return {positions, compute}
}

/**
 * The checks of a preparation without its work, for `--dry-run`.
 *
 * @returns what scoring needs; null where nothing is scored
 * @throws as `prepareData` does before it reads documents
 */
export async function rehearsePreparation(config: Config, services: Services): Promise<MemoryDemand | null> {
  const state = await checkOutputPath(outputOf(config, services), services)
  const located = await locate(config, services)
  if (located.hasDocuments) {
    if (state === 'ours' && located.hasModels)
      await reusableSummary(state, located, preparationInputs(located), services)
    else listDocumentFiles(located.source)
  }
  if (located.hasModels) await setUp(located, services)
  const {proxy} = located.models
  const {batchTokens, documentsOnly} = located.config.data
  return proxy && !documentsOnly ? scoringDemand(await readModel(proxy), config, batchTokens) : null
}

/** The output folder, once it is clear that something can be put there; says which settings are of no use. */
function outputOf(config: Config, {progress, sources}: Services): string {
  const {documentsOnly, proxy, select} = config.data
  if (!documentsOnly) requireKeys(config, selections[select].needs)
  for (const line of unreadKeys({config, sources})) progress.warn(line)
  if (documentsOnly || proxy) return config.out!
  throw new UsageError('prepare-data: no proxy checkpoint to score entropy with', {
    suggestions: ['give --proxy DIR', 'give --documents-only to write documents without positions'],
  })
}
