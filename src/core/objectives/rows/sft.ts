import type {Config} from '../../config/schema.js'
import {readCompletions} from '../../corpus/completions.js'
import type {ModelConfig} from '../../models/model-config.js'
import {rowTemplates} from '../../prompts/row-template.js'
import type {TrainingRow} from '../../records/records.js'
import {conversationTemplate} from '../../tokenizer/chat-template.js'
import type {Tokenizer} from '../../tokenizer/tokenizer.js'
import {maxOf} from '../../util/extremes.js'
import type {ObjectiveKind} from '../objective.js'
import {VisitOrder} from '../order.js'
import {type DocumentRows, documentRows, longestRow, type RowSource, rowIdentity, rowWork, startRows} from './rows.js'

/** Supervised fine-tuning on rows of prompt and completion, loss on the completion only, with a share of plain documents. */
export const sft: ObjectiveKind = {
  teaches: 'rows',
  lossName: () => 'cross-entropy, nats',
  task: null,
  needs: ({sft: {documentShare}}) => ['sft.completions', ...(documentShare > 0 ? ['data.dir'] : [])],
  files: ({sft: {completions}}) => ({'sft.completions': completions}),
  batch: rowIdentity,
  leaves: [],
  trainedPrompt,
  async open({config, model, texts, data, warn}) {
    const {completions, documentShare, template} = config.sft
    // A rehearsal may come without them.
    const rows = texts && completions !== undefined ? await readRows(completions, config, model, texts.tokenizer) : null
    const documents = documentShare > 0 && data ? documentRows(config, model, data, warn) : null
    const longest = Math.max(
      documentShare < 1 ? longestOf(rows) : 0,
      documentShare > 0 ? (documents?.longest ?? Number.POSITIVE_INFINITY) : 0,
    )
    return {
      cutDocuments: documents?.cut,
      rowTemplates: rows && texts && rowTemplates(rows, texts.tokenizer, config, template),
      work: (settings) => rowWork(settings, model, longest),
      start: async (training) => startRows(training, mixed(rows!, documents, config)),
    }
  },
}

/** The settings with the template of the rows, where the settings name it. */
function trainedPrompt(run: Config): Config | 'unknown' {
  const {sft: settings, prompt} = run
  if (settings.template === undefined) return 'unknown'
  const chatTemplate = settings.chatTemplate ?? prompt.chatTemplate
  const chatTemplateFile = chatTemplate === 'none' ? undefined : prompt.chatTemplateFile
  return {
    ...run,
    prompt: {...prompt, template: settings.template, templateFile: undefined, chatTemplate, chatTemplateFile},
  }
}

/** Rows in seeded order, and documents among them: of the first k visits, floor(k * documentShare) are documents. */
function mixed(
  rows: readonly TrainingRow[],
  documents: DocumentRows | null,
  {seed, sft: {documentShare}}: Config,
): RowSource {
  const order = new VisitOrder(rows.length, seed, 'completions')
  return (visit) => {
    const documentsBefore = Math.floor(visit * documentShare)
    const isDocument = Math.floor((visit + 1) * documentShare) > documentsBefore
    return documents && isDocument ? documents.rowAt(documentsBefore) : rows[order.at(visit - documentsBefore)]
  }
}

/**
 * The rows that supervised fine-tuning trains on.
 *
 * @throws {DataError} when they cannot be read
 */
async function readRows(
  completions: string,
  config: Config,
  model: ModelConfig,
  tokenizer: Tokenizer,
): Promise<TrainingRow[]> {
  return readCompletions(completions, {
    tokenizer,
    chatTemplate: conversationTemplate(tokenizer, config.prompt),
    maxTokens: longestRow(config, model),
  })
}

function longestOf(rows: readonly TrainingRow[] | null): number {
  return rows ? Math.max(0, maxOf(rows.map(({ids}) => ids.length))) : Number.POSITIVE_INFINITY
}
