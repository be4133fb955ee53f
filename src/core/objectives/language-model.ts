import type {Config} from '../config/schema.js'
import {readCompletions} from '../corpus/completions.js'
import {plainTrainingFlops} from '../models/flops.js'
import type {ModelConfig} from '../models/model-config.js'
import type {PreparedData} from '../prepared/prepared.js'
import {rowTemplates} from '../prompts/row-template.js'
import type {TrainingRow} from '../records/records.js'
import {conversationTemplate} from '../tokenizer/chat-template.js'
import {UsageError} from '../util/errors.js'
import {joinIds} from '../util/join-ids.js'
import {type CutDocuments, type Objective, optimizerAt, type TrainingContext} from './objective.js'
import {VisitOrder} from './order.js'

/** Where the rows of a language-model step come from: the row of visit k = 0, 1, ... */
type RowSource = (visit: number) => TrainingRow

/** Next-token prediction on the training documents (RPT, Eq. 1): the continual pre-training baseline. */
export function ntpObjective(training: TrainingContext): Objective {
  const {rowAt, cut} = documentRows(training)
  return languageModelObjective(training, rowAt, cut)
}

/**
 * Supervised fine-tuning on rows of prompt and completion, loss on the completion only, with a share of plain documents.
 *
 * Shares are exact: of the first k visits, floor(k * documentShare) are documents.
 */
export async function sftObjective(training: TrainingContext): Promise<Objective> {
  const {documentShare} = training.config.sft
  const rows = training.rows ?? (await readRows(training.config, training.model, training.data))
  const order = new VisitOrder(rows.length, training.config.seed, 'completions')
  const documents = documentShare > 0 ? documentRows(training) : null
  const rowAt: RowSource = (visit) => {
    const documentsBefore = Math.floor(visit * documentShare)
    const isDocument = Math.floor((visit + 1) * documentShare) > documentsBefore
    return documents && isDocument ? documents.rowAt(documentsBefore) : rows[order.at(visit - documentsBefore)]
  }
  const {data, config} = training
  return {
    ...languageModelObjective(training, rowAt, documents?.cut ?? null),
    rowTemplates: rowTemplates(rows, data.tokenizer, config, config.sft.template),
  }
}

/**
 * The rows that supervised fine-tuning trains on.
 *
 * @throws {UsageError} when no file is named
 * @throws {DataError} when it cannot be read
 */
export async function readRows(
  config: Config,
  model: ModelConfig,
  {tokenizer}: Pick<PreparedData, 'tokenizer'>,
): Promise<TrainingRow[]> {
  const {completions} = config.sft
  if (!completions)
    throw new UsageError('train: objective sft needs sft.completions, a JSONL file of prompt and completion')
  return readCompletions(completions, {
    tokenizer,
    chatTemplate: conversationTemplate(tokenizer, config.prompt),
    maxTokens: longestRow(config, model),
  })
}

function languageModelObjective(
  {config, engine, shape}: TrainingContext,
  rowAt: RowSource,
  cut: CutDocuments | null,
): Objective {
  const {batchRows, rowsPerMicroBatch} = config.train
  return {
    cutDocuments: cut,
    async step(step, visits, keep) {
      const rows = Array.from({length: batchRows}, (_, i) => rowAt(visits + i))
      // Rows of similar length share a micro-batch; their order within a step does not matter.
      const sorted = rows.toSorted((a, b) => a.ids.length - b.ids.length)
      keep({kind: 'rows', rows: sorted})
      const optimizer = optimizerAt(step, config)
      const update = await engine.updateLanguageModel({rows: sorted, rowsPerMicroBatch, optimizer})
      return {
        metrics: {
          'rpt/updates': Number(update !== null),
          loss: update?.loss ?? null,
          grad_norm: update?.gradNorm ?? null,
        },
        rollouts: [],
        visits: batchRows,
        tokens: update?.trainedTokens ?? 0,
        flopsGeneration: 0,
        flopsUpdate: plainTrainingFlops(shape, update ? rows.map((row) => row.ids.length - 1) : []),
        note: update ? `loss ${update.loss.toFixed(3)}` : 'no token to learn from',
      }
    },
  }
}

/** Tokens that a row may have: one more than the model has positions, because the last is a target only. */
function longestRow({train}: Config, {maxPositions}: ModelConfig): number {
  return Math.min(train.maxRowTokens, maxPositions + 1)
}

/** Training documents in seeded order, the end-of-text token appended, cut to the longest row; and what the cuts cost. */
function documentRows({config, data, model}: TrainingContext): {
  readonly rowAt: RowSource
  readonly cut: CutDocuments | null
} {
  const documents = data.documents.in('train')
  const order = new VisitOrder(documents.length, config.seed, 'documents')
  const end = model.endIds.slice(0, 1)
  const longest = longestRow(config, model)
  const rowAt: RowSource = (visit) => {
    const ids = joinIds(documents.at(order.at(visit)).tokenIds, end)
    return {ids: ids.slice(0, longest), trainedFrom: 1}
  }
  const lengths = documents.lengths.map((tokens) => tokens + end.length)
  return {rowAt, cut: cutsOf(lengths, longest)}
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
