import {z} from 'zod'
import {selectionNames, splitRules, verifierNames} from './names.js'
import {checkpointSource, count, dataset, fieldName, path, positive, share} from './value-kinds.js'

/** The keys of `data`. */
export const data = z.strictObject({
  documents: dataset
    .optional()
    .describe(
      'file (JSONL, JSON, CSV, Parquet, Arrow, text), a folder of them, hf:ID[@revision], or - for JSONL from stdin',
    ),
  tokenizer: checkpointSource.optional().describe('folder with tokenizer.json; the proxy checkpoint when absent'),
  proxy: checkpointSource.optional().describe('checkpoint, adapters or run that scores entropy'),
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
    .describe('JSONL or Parquet file of questions, for objective rlvr and the tasks questions and multiple-choice'),
  questionField: fieldName.default('question').describe('field of data.questions that holds the question'),
  answerField: fieldName.default('answer').describe('field of data.questions that holds the answer'),
  optionsField: fieldName.default('options').describe('field of data.questions that holds the list of options'),
  categoryField: fieldName
    .default('category')
    .describe('field of data.questions that holds the category; accuracies are also reported by category'),
  verifier: z.enum(verifierNames).default('boxed').describe('how an answer is compared with the truth'),
  textField: z
    .union([fieldName, z.array(fieldName).min(1)], 'needs the name of a field, or a list of them')
    .default('text')
    .transform((fields) => (Array.isArray(fields) && fields.length === 1 ? fields[0] : fields))
    .describe('field (column) that holds the document, or a list of fields to join in this order'),
  separator: z.string().default('\n\n').describe('text between the fields that data.textField joins'),
  split: z
    .string()
    .min(1)
    .default('train')
    .describe('split of a data set, on the Hub or in a folder; all reads every split'),
  subset: z.string().min(1).optional().describe('subset (config or folder), if the data set has several'),
  limit: positive.optional().describe('read only this many documents, from the first on'),
  onBadRow: z
    .enum(['error', 'skip'])
    .default('error')
    .describe(
      'what to do with a row that is not a usable document (empty, null, not JSON, ...): stop, or leave it out and count it',
    ),
  onLongDocument: z
    .enum(['error', 'skip', 'cut', 'windows'])
    .default('error')
    .describe(
      "what to do with a document longer than a scorer's positions: stop, leave it out, cut its end off, or split it into windows",
    ),
  valFraction: share
    .default(0.05)
    .describe('share of documents to hold out; a seeded hash of the content chooses them'),
  valDocuments: count
    .optional()
    .describe('hold out this many documents instead of a share: those with the smallest hashes'),
  select: z
    .enum(selectionNames)
    .default('threshold')
    .describe(
      'which training positions are kept: entropy above a bound, entropy between two bounds, the highest share, or a random share',
    ),
  selectThreshold: z
    .number()
    .min(0)
    .default(0.5)
    .describe('with select: threshold, the entropy in nats above which a training position is kept'),
  selectBand: z
    .tuple([z.number().min(0), z.number().min(0)])
    .refine(([low, high]) => low < high, 'needs two ascending numbers: low, high')
    .optional()
    .describe(
      'with select: band, two entropies in nats; a training position is kept above the first, up to the second',
    ),
  topShare: z
    .number()
    .gt(0)
    .max(1)
    .default(0.2)
    .describe('with select: top or random, the share of positions that is kept'),
  thresholds: z
    .tuple([z.number().min(0), z.number().min(0), z.number().min(0)])
    .refine(
      ([easy, medium, hard]) => easy <= medium && medium <= hard,
      'needs three ascending numbers: easy, medium, hard',
    )
    .default([0.5, 1.0, 1.5])
    .describe('entropies in nats above which a position is easy, medium, hard'),
  splits: z
    .enum(splitRules)
    .default('nested')
    .describe('nested: every hard position is also medium and easy; disjoint: separate bins'),
  topK: positive
    .min(2, 'needs at least 2, because the entropy over one token is 0')
    .default(16)
    .describe('number of most probable next tokens over which the entropy is computed, renormalised'),
  minContext: positive.default(1).describe('tokens of context that a position needs, including the start token'),
  batchTokens: positive.default(4096).describe('tokens scored at once'),
})
