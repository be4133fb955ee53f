import {z} from 'zod'
import {selectionNames, verifierNames} from './names.js'
import {checkpointSource, count, dataset, fieldName, path, positive, share} from './value-kinds.js'

/** The keys of `data`. */
export const data = z.strictObject({
  documents: dataset
    .optional()
    .describe(
      'file (JSONL, JSON, CSV, Parquet, Arrow, text), a folder of them, hf:ID[@revision], or - for JSONL from stdin',
    ),
  tokenizer: checkpointSource.optional().describe('folder with tokenizer.json; the proxy checkpoint when absent'),
  proxy: checkpointSource.optional().describe('checkpoint that scores entropy'),
  difficultyModel: checkpointSource
    .optional()
    .describe('checkpoint that scores held-out documents; the proxy when absent'),
  documentsOnly: z
    .boolean()
    .default(false)
    .describe('write documents without scoring positions: enough for ntp and sft'),
  dir: path.optional().describe('folder that prepare-data wrote'),
  questions: path
    .optional()
    .describe('JSONL or Parquet file of questions: objective rlvr, tasks questions and multiple-choice'),
  questionField: fieldName.default('question').describe('field of data.questions that holds the question'),
  answerField: fieldName.default('answer').describe('field of data.questions that holds the answer'),
  optionsField: fieldName.default('options').describe('field of data.questions that holds the list of options'),
  categoryField: fieldName
    .default('category')
    .describe('field of data.questions that holds the category, which accuracies are also reported by'),
  verifier: z.enum(verifierNames).default('boxed').describe('how an answer is compared with the truth'),
  textField: z
    .union([fieldName, z.array(fieldName).min(1)], 'needs the name of a field, or a list of them')
    .default('text')
    .transform((fields) => (Array.isArray(fields) && fields.length === 1 ? fields[0] : fields))
    .describe('field (column) that holds the document, or a list of fields that are joined in this order'),
  separator: z.string().default('\n\n').describe('what stands between the fields that data.textField joins'),
  split: z
    .string()
    .min(1)
    .default('train')
    .describe('split of a data set, on the Hub or in a folder; all: every split'),
  subset: z.string().min(1).optional().describe('subset (config, or folder) of a data set that has several'),
  limit: positive.optional().describe('read only the first documents'),
  onBadRow: z
    .enum(['error', 'skip'])
    .default('error')
    .describe('a row that is no document (empty, null, not JSON, ...): stop, or leave it out and count it'),
  onLongDocument: z
    .enum(['error', 'skip', 'cut', 'windows'])
    .default('error')
    .describe("a document longer than a scorer's positions: stop, leave out, cut at the end, or cut into windows"),
  valFraction: share.default(0.05).describe('share of documents held out, by seeded content hash'),
  valDocuments: count.optional().describe('hold out this many documents instead: those with the smallest hashes'),
  select: z
    .enum(selectionNames)
    .default('threshold')
    .describe(
      'how training positions are chosen: by entropy above a bound, between two, the highest share, or at random',
    ),
  selectThreshold: z
    .number()
    .min(0)
    .default(0.5)
    .describe('entropy in nats above which select: threshold keeps a training position'),
  selectBand: z
    .tuple([z.number().min(0), z.number().min(0)])
    .refine(([low, high]) => low < high, 'needs two ascending numbers: low, high')
    .optional()
    .describe('entropy in nats that a training position kept by select: band is above, and that it does not exceed'),
  topShare: z.number().gt(0).max(1).default(0.2).describe('share of positions kept by select: top or random'),
  thresholds: z
    .tuple([z.number().min(0), z.number().min(0), z.number().min(0)])
    .refine(
      ([easy, medium, hard]) => easy <= medium && medium <= hard,
      'needs three ascending numbers: easy, medium, hard',
    )
    .default([0.5, 1.0, 1.5])
    .describe('easy, medium, hard: entropy in nats'),
  splits: z.enum(['nested', 'disjoint']).default('nested').describe('hard within medium within easy, or bins'),
  topK: positive
    .min(2, 'needs at least 2, because the entropy over one token is 0')
    .default(16)
    .describe('next tokens that the entropy is renormalised over'),
  minContext: positive.default(1).describe('tokens of context that a position needs, start token included'),
  batchTokens: positive.default(4096).describe('tokens scored at once'),
})
