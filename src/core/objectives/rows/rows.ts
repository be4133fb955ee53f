import type {Config} from '../../config/schema.js'
import {languageModelShape} from '../../engine/graphs/shapes.js'
import type {EngineWork} from '../../engine/memory/engine-work.js'
import {type GroupLengths, updateFlops} from '../../models/flops.js'
import type {ModelConfig} from '../../models/model-config.js'
import type {PreparedData} from '../../prepared/prepared.js'
import {unmarkedPieces} from '../../prepared/unmarked-pieces.js'
import type {TrainingRow} from '../../records/records.js'
import {DataError} from '../../util/errors.js'
import {maxOf} from '../../util/extremes.js'
import {joinIds} from '../../util/join-ids.js'
import {plural} from '../../util/plural.js'
import {type CutDocuments, type Objective, optimizerAt, type TrainingContext} from '../objective.js'
import {VisitOrder} from '../order.js'
import {isSkipped, scaleMeasures, skippedNote} from '../skipped-update.js'

/** Where the rows of a language-model step come from: the row of visit k = 0, 1, ... */
export type RowSource = (visit: number) => TrainingRow

/** Next-token prediction of the trained tokens of rows, `train.batchRows` a step. */
export function startRows(
  {config, engine, shape, updateMode: mode, progress}: TrainingContext,
  rowAt: RowSource,
): Objective {
  const {batchRows, rowsPerMicroBatch} = config.train
  return {
    async step(step, {visits}, keep) {
      const rows = Array.from({length: batchRows}, (_, i) => rowAt(visits + i))
      const sorted = shortestFirst(rows)
      keep({kind: 'rows', rows: sorted})
      const optimizer = optimizerAt(step, config)
      const update = await engine.updateLanguageModel({rows: sorted, rowsPerMicroBatch, optimizer, mode})
      const taken = update ? [update] : []
      if (update && isSkipped(update)) progress.warn(skippedNote(step, update))
      return {
        measures: {
          updates: taken.filter((one) => !isSkipped(one)).length,
          loss: update?.loss ?? null,
          gradNorm: update?.gradNorm ?? null,
          ...scaleMeasures(taken),
        },
        groups: [],
        visits: batchRows,
        tokens: update?.trainedTokens ?? 0,
        flopsGeneration: 0,
        flopsScoring: 0,
        flopsUpdate: updateFlops(shape, update ? rows.map(lengthsOf) : []),
        note: update ? `loss ${update.loss.toFixed(3)}` : 'no token to learn from',
      }
    },
  }
}

/** Rows in the order of an update, where those of similar length share a micro-batch; what it computes is a sum over all. */
export function shortestFirst(rows: readonly TrainingRow[]): TrainingRow[] {
  return rows.toSorted((a, b) => a.ids.length - b.ids.length)
}

/** What an update runs over for a row: tokens that are only read, and targets, whose last is not fed. */
export function lengthsOf({ids, trainedFrom}: TrainingRow): GroupLengths {
  return {promptTokens: trainedFrom, completionTokens: [ids.length - trainedFrom]}
}

/** Tokens that a row may have: one more than the model has positions, because the last is a target only. */
export function longestRow({train}: Config, {maxPositions}: ModelConfig): number {
  return Math.min(train.maxRowTokens, maxPositions + 1)
}

/** Rows made of documents. */
export interface DocumentRows {
  readonly rowAt: RowSource
  /** What the longest row leaves out; null where nothing is. */
  readonly cut: CutDocuments | null
  /** Tokens of the longest document, with its end token where it has one. */
  readonly longest: number
}

/**
 * Training documents in seeded order, cut to the longest row; and what the cuts cost. The end-of-text token follows each
 * document, but not a piece of one whose text goes on.
 *
 * @param warn is told of data in which pieces cannot be told from whole documents
 * @throws {DataError} when there is no training document
 */
export function documentRows(
  config: Config,
  model: ModelConfig,
  data: PreparedData,
  warn: (line: string) => void = () => {},
): DocumentRows {
  const documents = data.documents.in('train')
  if (documents.length === 0) throw new DataError(`${data.folder} has no training documents`)
  const pieces = unmarkedPieces(data.folder, data.manifest)
  if (pieces > 0)
    warn(
      `${data.folder} was prepared by an older version, which did not mark where the text of a piece goes on: an end-of-text token follows each of ${pieces} pieces of long documents; run rpt prepare-data again, with --overwrite`,
    )
  const order = new VisitOrder(documents.length, config.seed, 'documents')
  const end = model.endIds.slice(0, 1)
  const room = longestRow(config, model)
  const endOf = (index: number) => (documents.goesOn[index] ? [] : end)
  const rowAt: RowSource = (visit) => {
    const index = order.at(visit)
    const ids = joinIds(documents.at(index).tokenIds, endOf(index))
    return {ids: ids.slice(0, room), trainedFrom: 1}
  }
  const lengths = documents.lengths.map((tokens, index) => tokens + endOf(index).length)
  return {rowAt, cut: cutsOf(lengths, room), longest: maxOf(lengths)}
}

/** What is lost of rows of these lengths; null where nothing is. */
function cutsOf(lengths: Int32Array, longest: number): CutDocuments | null {
  const tooLong = lengths.filter((length) => length > longest)
  if (tooLong.length === 0) return null
  const left = tooLong.reduce((sum, length) => sum + length - longest, 0)
  const total = lengths.reduce((sum, length) => sum + length, 0)
  return {
    cut: tooLong.length,
    of: lengths.length,
    tokens_left_out: left,
    share_left_out: left / total,
    row_tokens: longest,
  }
}

/** The largest graph of a step whose longest row has that many tokens. */
export function rowWork(config: Config, model: ModelConfig, longest: number): EngineWork {
  const {train} = config
  const rowTokens = Math.min(longestRow(config, model), longest)
  const rows = Math.min(train.rowsPerMicroBatch, train.batchRows)
  return {
    model,
    isAccumulated: train.batchRows > rows,
    times: {languageModel: Math.ceil(train.batchRows / rows)},
    languageModel: languageModelShape(rows, rowTokens, rows * (rowTokens - 1)),
  }
}

/** A step's rows, in words. */
export function rowIdentity({train}: Config): string {
  const micro = Math.ceil(train.batchRows / train.rowsPerMicroBatch)
  return `${train.batchRows} rows = ${plural(micro, 'micro-batch', 'micro-batches')} x ${train.rowsPerMicroBatch} rows`
}
