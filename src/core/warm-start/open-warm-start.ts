import {existsSync} from 'node:fs'
import type {Config} from '../config/schema.js'
import {compressionOf, endingOfOthers} from '../corpus/readers/readers.js'
import {checkOutputFile, checkPermission, checkWritable} from '../files/index.js'
import type {ModelConfig} from '../models/model-config.js'
import {withTaughtTemplate} from '../objectives/taught-template.js'
import {type PreparedData, preparedIn} from '../prepared/prepared.js'
import {dataFor} from '../runs/check-model.js'
import {readModel} from '../runs/model-place.js'
import {type Origins, originsOf} from '../runs/origins.js'
import {resolveModel} from '../runs/resolve-model.js'
import {checkTaskPrompts} from '../tasks/check-prompts.js'
import {nextToken, nextTokenTask} from '../tasks/next-token.js'
import {checkItems} from '../tasks/tasks.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {DataError, UsageError} from '../util/errors.js'
import type {Services} from '../util/services.js'
import {type RowMaker, rowMark} from './make-row.js'

/** What a warm start begins with, checked. */
export interface WarmStart {
  /** The file to write, links followed. */
  readonly path: string
  /** Null in a rehearsal where prepared data or the model are not there yet. */
  readonly given: {readonly data: PreparedData; readonly maker: RowMaker} | null
  /** Which instruction its prompts are in, and how long it is; null where that is not known yet. */
  readonly instruction: string | null
  readonly origins: Origins
}

/**
 * Opens all that rows are made from: the whole of `--dry-run`, the beginning of `warm-start`.
 *
 * @throws {UsageError} for settings that leave no room, and a file that may not be replaced
 * @throws {DataError} for inputs that cannot be read or do not belong together, or have no training positions
 */
export async function openWarmStart(given: Config, services: Services): Promise<WarmStart> {
  const path = await checkRowFile(given.out!, services)
  const {config} = withTaughtTemplate({config: given, sources: services.sources}, nextToken, services)
  const data = await preparedIn(config.data.dir!, services)
  const resolved = await resolveModel(config.model.path!, undefined, services)
  const {origin, isWhole} = resolved
  const origins = originsOf([['model.path', origin]])
  if (!data || !isWhole) return {path, given: null, instruction: null, origins}
  const model = await readModel(resolved)
  const own = await dataFor(resolved, data, services.progress)
  const instruction = checkTaskPrompts(nextToken, config, model, own.tokenizer)
  checkEnd(model, own.tokenizer)
  const task = nextTokenTask({config, data: own, model})
  checkItems(task, 'train')
  return {path, given: {data: own, maker: {config, task, tokenizer: own.tokenizer, model}}, instruction, origins}
}

/** The file to write: a new one, or one of earlier rows that may be replaced; by its name readable as what it will be. */
async function checkRowFile(out: string, {command, overwrite, rehearsal}: Services): Promise<string> {
  const other = compressionOf(out) ?? endingOfOthers(out)
  if (other !== undefined)
    throw new UsageError(`${command}: --out ${out} ends in ${other}; rows are written as JSONL, not compressed`, {
      suggestions: ['give --out a name that ends in .jsonl'],
    })
  const path = await checkOutputFile(out, rowMark, command, rehearsal ? checkPermission : checkWritable)
  if (existsSync(path) && !overwrite)
    throw new UsageError(`${command}: --out ${out} exists already`, {
      suggestions: ['give --overwrite to replace it', 'choose another --out'],
    })
  return path
}

/** Rows end in the tokenizer's end token, and completions where the model's are: the same token must do both. */
function checkEnd({endIds}: ModelConfig, {endIds: [end], file}: Tokenizer): void {
  if (end !== undefined && endIds.includes(end)) return
  const seen = end === undefined ? 'none' : `id ${end}`
  throw new DataError(
    `warm-start: the end token of ${file} (eos_token) is ${seen}; the model's completions end at ${endIds.join(', ') || 'none'}`,
    {suggestions: ['set eos_token in tokenizer_config.json and eos_token_id in config.json to the same token']},
  )
}
