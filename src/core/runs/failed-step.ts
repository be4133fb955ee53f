import {writeFile} from 'node:fs/promises'
import type {TrainingRow} from '../records/records.js'
import {guardWrite} from '../files/index.js'
import {type RolloutRow, rolloutsTable, writeTable} from '../tables/index.js'
import {stepName} from './run-checkpoints.js'
import type {RunDirectory} from './run-directory.js'

/** What an update is computed from: completions of an RL step, or rows of a language-model step. */
export type StepInputs =
  | {readonly kind: 'rollouts'; readonly rollouts: readonly RolloutRow[]}
  | {readonly kind: 'rows'; readonly rows: readonly TrainingRow[]}

/**
 * Saves the inputs of a step whose numbers went wrong, so that it can be looked into.
 *
 * @returns the file: `failed/step-000042.arrow`, or `.jsonl` with token ids and the first trained token per row
 */
export async function saveFailedStep(run: RunDirectory, step: number, inputs: StepInputs): Promise<string> {
  if (inputs.kind === 'rollouts') {
    const file = await run.place('failed', `${stepName(step)}.arrow`)
    await writeTable(file, rolloutsTable, inputs.rollouts)
    return file
  }
  const file = await run.place('failed', `${stepName(step)}.jsonl`)
  const lines = inputs.rows.map(({ids, trainedFrom}) => JSON.stringify({ids: [...ids], trained_from: trainedFrom}))
  await guardWrite('writing', file, () => writeFile(file, `${lines.join('\n')}\n`))
  return file
}
