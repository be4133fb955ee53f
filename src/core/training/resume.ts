import type {TrainingContext} from '../objectives/objective.js'
import type {ResumePoint} from '../runs/run-checkpoints.js'
import type {RunDirectory} from '../runs/run-directory.js'
import {settingsHash} from '../runs/run-identity.js'
import type {TrainerState} from '../runs/trainer-state.js'
import {RuntimeFailure, UsageError} from '../util/errors.js'
import {fingerprintOfBase, type StartingModel} from './starting-model.js'

/** The state to go on from: that of a checkpoint, or the beginning; tables of steps after it are dropped. */
export async function resumeFrom(
  run: RunDirectory,
  {config, updateMode, microBatchesAtOnce}: TrainingContext,
  source: StartingModel,
  checkpoint: ResumePoint | null,
): Promise<TrainerState> {
  await run.dropTablesAfter(checkpoint?.state.step ?? 0)
  if (checkpoint) return {...checkpoint.state, updateMode, microBatchesAtOnce}
  return {
    step: 0,
    objective: config.train.objective,
    visits: 0,
    numTokens: 0,
    wallSeconds: 0,
    configHash: settingsHash(config),
    seed: config.seed,
    updateMode,
    microBatchesAtOnce,
    ...fingerprintOfBase(source),
  }
}

/**
 * Says which rows of earlier attempts are gone: fewer than steps were taken, or more than the checkpoint has.
 *
 * @param found rows that metrics.arrow had
 * @param kept rows of them up to the step of the checkpoint
 */
export function warnOfRows(found: number, kept: number, steps: number, {warn}: TrainingContext['progress']): void {
  if (kept < steps) warn(`train: metrics.arrow has ${kept} of the ${steps} earlier steps; the others are lost`)
  if (found > kept)
    warn(`train: continues after step ${steps}; repeats the steps that no checkpoint holds: ${found - kept}`)
}

/** @throws {UsageError} when a run is to end before the step of its checkpoint: it would say of itself that it has not gone so far */
export function refuseFewerSteps({out, train}: TrainingContext['config'], {state: {step}}: ResumePoint): void {
  if (train.steps >= step) return
  throw new UsageError(`train: train.steps is ${train.steps}, but ${out} has a checkpoint of step ${step}`, {
    suggestions: [`give --steps ${step} or more`, 'choose another --out for a shorter run'],
  })
}

/** @throws {RuntimeFailure} when no step is asked for, and none was taken before, unless that is meant */
export function refuseNoSteps(
  {train: {steps, allowNoop}}: TrainingContext['config'],
  resumed: ResumePoint | null,
): void {
  if (steps > 0 || allowNoop || resumed) return
  throw new RuntimeFailure('train: train.steps is 0, so nothing would be trained', {
    suggestions: ['give --steps 1 or more', 'give --allow-noop if that is intended'],
  })
}
