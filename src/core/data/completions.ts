import {z} from 'zod'
import type {TrainingRow} from '../engine/language-model-update.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {DataError} from '../util/errors.js'
import {hasHalfPair} from '../util/text-bytes.js'
import {readLines} from './read-lines.js'
import {parseRow} from './readers/parse-row.js'

const rowSchema = z.looseObject({prompt: z.string(), completion: z.string().min(1)})

/**
 * Reads JSONL rows of prompt and completion and tokenizes them: start token, prompt, completion, end token; the
 * completion and its end are trained. Special tokens written in the texts are recognised.
 *
 * @throws {DataError} with the line number at a row that is malformed or longer than `maxTokens`
 */
export async function readCompletions(file: string, tokenizer: Tokenizer, maxTokens: number): Promise<TrainingRow[]> {
  const rows: TrainingRow[] = []
  for await (const {row, text} of readLines(file)) {
    const {prompt, completion} = promptAndCompletion(text, `${file}:${row}`)
    const start = tokenizer.startId === null ? [] : [tokenizer.startId]
    const promptIds = tokenizer.encodeMarkup(prompt)
    const pieces = [start, promptIds, tokenizer.encodeMarkup(completion), tokenizer.endIds.slice(0, 1)]
    const ids = Int32Array.from(pieces.flatMap((piece) => Array.from(piece)))
    if (ids.length > maxTokens)
      throw new DataError(
        `${file}:${row} has ${ids.length} tokens; train.maxRowTokens and the model's positions allow ${maxTokens}`,
      )
    rows.push({ids, trainedFrom: Math.max(1, start.length + promptIds.length)})
  }
  if (rows.length === 0) throw new DataError(`${file} has no rows; expected JSONL with prompt and completion`)
  return rows
}

function promptAndCompletion(text: string, where: string): z.infer<typeof rowSchema> {
  const value = parseRow(text, where)
  const parsed = rowSchema.safeParse(value)
  if (!parsed.success) {
    const [name] = parsed.error.issues[0].path
    const field = (value as Record<PropertyKey, unknown> | null)?.[name]
    const what =
      name === undefined ? 'the row is no object' : `${String(name)} is ${JSON.stringify(field) ?? 'missing'}`
    throw new DataError(`${where}: ${what}; expected {"prompt": "...", "completion": "..."}`)
  }
  for (const [name, field] of Object.entries({prompt: parsed.data.prompt, completion: parsed.data.completion}))
    if (hasHalfPair(field)) throw new DataError(`${where}: ${name} has half a surrogate pair, which no UTF-8 can hold`)
  return parsed.data
}
