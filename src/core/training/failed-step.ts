import {writeFile} from 'node:fs/promises'
import {guardWrite} from '../files/index.js'
import type {StepInputs} from '../objectives/objective.js'
import {stepName} from '../runs/run-checkpoints.js'
import type {RunDirectory} from '../runs/run-directory.js'
import {rolloutsTable, writeTable} from '../tables/index.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {rolloutRows} from './rollout-rows.js'

/**
 * Saves the inputs of a step whose numbers went wrong, so that it can be looked into.
 *
 * @returns the file: `failed/step-000042.arrow`, or `.jsonl` with token ids and the first trained token per row
 */
export async function saveFailedStep(
  run: RunDirectory,
  step: number,
  inputs: StepInputs,
  tokenizer: Tokenizer,
): Promise<string> {
  if (inputs.kind === 'groups') {
    const file = await run.place('failed', `${stepName(step)}.arrow`)
    await writeTable(file, rolloutsTable, rolloutRows(step, inputs.groups, tokenizer))
    return file
  }
  const file = await run.place('failed', `${stepName(step)}.jsonl`)
  const lines = inputs.rows.map(({ids, trainedFrom}) => JSON.stringify({ids: [...ids], trained_from: trainedFrom}))
  await guardWrite('writing', file, () => writeFile(file, `${lines.join('\n')}\n`))
  return file
}
