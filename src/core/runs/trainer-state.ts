import {join} from 'node:path'
import {z} from 'zod'
import {type UpdateModeName, updateModeNames} from '../config/names.js'
import {readJsonOf} from '../files/index.js'

/** What a checkpoint remembers beside weights and moments. */
export interface TrainerState {
  readonly step: number
  readonly objective: string
  /** Contexts or rows visited so far. */
  readonly visits: number
  /** Of these, those of each stage of a curriculum; absent where there is none. */
  readonly stageVisits?: Readonly<Record<string, number>>
  /** Tokens trained on or sampled so far. */
  readonly numTokens: number
  /** Seconds trained so far, over all attempts. */
  readonly wallSeconds: number
  readonly configHash: string
  readonly seed: number
  /** How updates are computed; whole in checkpoints of before there was a choice. */
  readonly updateMode?: UpdateModeName
  /** Micro-batches that are computed together; 1 when absent. */
  readonly microBatchesAtOnce?: number
  /** Fingerprint of the weights that its adapters belong to; absent where it has none. */
  readonly base?: string
}

/** Where a checkpoint keeps it. */
export const trainerStateFile = 'trainer-state.json'

const count = z.int().nonnegative()

const trainerState: z.ZodType<TrainerState> = z.looseObject({
  step: count,
  objective: z.string(),
  visits: count,
  stageVisits: z.record(z.string(), count).optional(),
  numTokens: count,
  wallSeconds: z.number().nonnegative(),
  configHash: z.string(),
  seed: z.int(),
  updateMode: z.enum(updateModeNames).optional(),
  microBatchesAtOnce: z.int().positive().optional(),
  base: z.string().optional(),
})

/** The state of training that a checkpoint holds. Throws {DataError} naming the file when it is not one. */
export function readTrainerState(checkpoint: string): TrainerState {
  return readJsonOf(join(checkpoint, trainerStateFile), trainerState, 'the state of a checkpoint')
}
