import {join} from 'node:path'
import {z} from 'zod'
import {readJsonOf} from '../store/index.js'
import type {TrainerState} from './run-directory.js'

/** Where a checkpoint keeps it. */
export const trainerStateFile = 'trainer-state.json'

const count = z.int().nonnegative()

const trainerState: z.ZodType<TrainerState> = z.looseObject({
  step: count,
  objective: z.string(),
  visits: count,
  numTokens: count,
  wallSeconds: z.number().nonnegative(),
  configHash: z.string(),
  seed: z.int(),
})

/** The state of training that a checkpoint holds. Throws {DataError} naming the file when it is not one. */
export function readTrainerState(checkpoint: string): TrainerState {
  return readJsonOf(join(checkpoint, trainerStateFile), trainerState, 'the state of a checkpoint')
}
