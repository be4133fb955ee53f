import {type Objective, SignalShortage, type StepInputs, type StepResult} from '../objectives/objective.js'
import {stepName} from '../runs/run-checkpoints.js'
import type {RunDirectory} from '../runs/run-directory.js'
import type {TrainerState} from '../runs/trainer-state.js'
import {rolloutsTable, writeTable} from '../tables/index.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {NumericError} from '../util/errors.js'
import {saveFailedStep} from './failed-step.js'
import {rolloutRows} from './rollout-rows.js'

/**
 * Takes the step after a state and writes its rollouts.
 *
 * @throws {NumericError} when its numbers are wrong; its inputs are then saved
 */
export async function takeStep(
  run: RunDirectory,
  objective: Objective,
  state: TrainerState,
  tokenizer: Tokenizer,
): Promise<StepResult> {
  const step = state.step + 1
  let inputs: StepInputs | null = null
  const keep = (kept: StepInputs) => {
    inputs = kept
  }
  try {
    const result = await objective.step(step, state, keep)
    if (result.groups.length > 0) {
      const file = await run.place('rollouts', `${stepName(step)}.arrow`)
      await writeTable(file, rolloutsTable, rolloutRows(step, result.groups, tokenizer))
    }
    return result
  } catch (error) {
    if (!(error instanceof NumericError)) throw error
    const file = inputs && (await saveFailedStep(run, step, inputs, tokenizer))
    throw new NumericError(`train: step ${step}: ${error.message}`, {
      cause: error,
      suggestions: [...error.suggestions, ...(file ? whereInputsAre(file, run, step) : [])],
    })
  }
}

function whereInputsAre(file: string, run: RunDirectory, step: number): string[] {
  const isInspectable = file.endsWith('.arrow')
  return [
    `the step's inputs are in ${file}`,
    ...(isInspectable ? [`look at them: rpt inspect ${run.path} --step ${step}`] : []),
  ]
}

/** Whether a step ended because too few groups carried signal: it has changed nothing. */
export function isShortage(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof SignalShortage
}
