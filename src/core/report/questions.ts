import {existsSync} from 'node:fs'
import {isAbsolute, join} from 'node:path'
import type {Config} from '../config/schema.js'
import {contextWithin, type PromptSettings} from '../prompts/prompts.js'
import {checkpointFolder, checkpointSteps} from '../runs/run-checkpoints.js'
import {questionPromptSettings} from '../tasks/question-prompts.js'
import {questions} from '../tasks/questions.js'
import {loadTokenizer} from '../tokenizer/tokenizer.js'
import {tail} from './format.js'
import {type RunFolder, settingOf} from './read-run.js'

/** Characters of a question that are shown, from its end. */
const questionLength = 300

/** The rows of rollouts that questions are read from. */
interface AskedRow {
  readonly task: string
  readonly prompt_ids: Int32Array
}

/**
 * Reads the questions of rollouts from their prompts: a run keeps no other text of them.
 *
 * @returns the question of a row, the whole prompt where the template of the run is not at hand; null of a row of another
 *   task, and where no tokenizer of the run is at hand
 */
export async function readQuestions(
  run: RunFolder,
  rows: readonly AskedRow[],
): Promise<(row: AskedRow) => string | null> {
  const folder = rows.some(({task}) => task === questions.name) ? await tokenizerOf(run) : null
  if (folder === null) return () => null
  const tokenizer = await loadTokenizer(folder)
  const settings = templateOf(run)
  return ({task, prompt_ids}) => {
    if (task !== questions.name) return null
    const context = settings && contextWithin(tokenizer, settings, prompt_ids)
    return tail(tokenizer.decode(context ?? prompt_ids), questionLength)
  }
}

/** A folder with the tokenizer of a run: its newest checkpoint, or the local one that it began with; a relative path is an id. */
async function tokenizerOf(run: RunFolder): Promise<string | null> {
  const checkpoints = (await checkpointSteps(run.path)).toReversed().map((step) => checkpointFolder(run.path, step))
  const model = settingOf(run, 'model.path')
  const folders = [...checkpoints, ...(typeof model === 'string' && isAbsolute(model) ? [model] : [])]
  return folders.find((folder) => existsSync(join(folder, 'tokenizer.json'))) ?? null
}

/** The template that a run asked its questions in; null where its settings, or a file that they name, are gone. */
function templateOf(run: RunFolder): PromptSettings | null {
  const prompt = settingOf(run, 'prompt') as Config['prompt'] | undefined
  if (prompt?.questionTemplate === undefined) return null
  const {chatTemplateFile: file} = prompt
  return file && !existsSync(file) ? null : questionPromptSettings({prompt})
}
