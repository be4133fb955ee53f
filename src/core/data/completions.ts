import {createReadStream} from 'node:fs'
import {createInterface} from 'node:readline'
import {z} from 'zod'
import type {TrainingRow} from '../engine/language-model-update.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {DataError} from '../util/errors.js'

const rowSchema = z.looseObject({prompt: z.string(), completion: z.string().min(1)})

/**
 * Reads JSONL rows of prompt and completion and tokenizes them: start token, prompt, completion, end token; the
 * completion and its end are trained. Special tokens written in the texts are recognised.
 *
 * @throws {DataError} with the line number at a row that is malformed or longer than `maxTokens`
 */
export async function readCompletions(file: string, tokenizer: Tokenizer, maxTokens: number): Promise<TrainingRow[]> {
  const rows: TrainingRow[] = []
  let line = 0
  for await (const text of createInterface({input: await open(file), crlfDelay: Number.POSITIVE_INFINITY})) {
    line++
    if (text.trim() === '') continue
    const {prompt, completion} = parseRow(text, `${file}:${line}`)
    const start = tokenizer.startId === null ? [] : [tokenizer.startId]
    const promptIds = tokenizer.encodeMarkup(prompt)
    const ids = Int32Array.of(
      ...start,
      ...promptIds,
      ...tokenizer.encodeMarkup(completion),
      ...tokenizer.endIds.slice(0, 1),
    )
    if (ids.length > maxTokens)
      throw new DataError(`${file}:${line} has ${ids.length} tokens; train.maxRowTokens allows ${maxTokens}`)
    rows.push({ids, trainedFrom: Math.max(1, start.length + promptIds.length)})
  }
  if (rows.length === 0) throw new DataError(`${file} has no rows; expected JSONL with prompt and completion`)
  return rows
}

async function open(file: string) {
  const stream = createReadStream(file, 'utf8')
  await new Promise<void>((resolve, reject) => {
    stream.once('open', () => resolve())
    stream.once('error', (cause) => reject(new DataError(`reading completions ${file}: ${cause.message}`, {cause})))
  })
  return stream
}

function parseRow(text: string, where: string): z.infer<typeof rowSchema> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new DataError(`${where} is not JSON: ${(cause as Error).message}`, {cause})
  }
  const parsed = rowSchema.safeParse(value)
  if (!parsed.success) {
    const [{path, message}] = parsed.error.issues
    throw new DataError(`${where}: ${path.join('.') || 'row'}: ${message}; expected {"prompt": ..., "completion": ...}`)
  }
  return parsed.data
}
