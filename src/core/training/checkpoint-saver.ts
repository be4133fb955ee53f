import {pruneCheckpoints} from '../runs/run-checkpoints.js'
import type {TrainerState} from '../runs/trainer-state.js'
import {isDue} from './is-due.js'
import type {TrainingRun} from './training-run.js'

/** Writes the checkpoints of a run and removes those that need not stay. */
export class CheckpointSaver {
  /** @param saved step of the newest checkpoint, 0 where there is none */
  constructor(
    private readonly trainingRun: Pick<TrainingRun, 'run' | 'training' | 'companions'>,
    private saved: number,
  ) {}

  /** Whether the settings ask for a checkpoint of this step. */
  isDue({step}: TrainerState): boolean {
    const {checkpoint, train} = this.trainingRun.training.config
    return isDue(step, checkpoint.every, train.steps) || checkpoint.steps.includes(step)
  }

  /** Saves a state, unless that is done. */
  async save(state: TrainerState): Promise<void> {
    if (this.saved >= state.step) return
    const {run, training, companions} = this.trainingRun
    const {config, engine} = training
    const format = {dtype: config.checkpoint.dtype, isMerged: config.lora.merge}
    await run.writeCheckpoint(state, companions, (folder) => engine.save(folder, true, format))
    await this.prune(state)
    this.saved = state.step
  }

  /** Removes those up to a state that need not stay. */
  async prune({step}: TrainerState): Promise<void> {
    const {run, training} = this.trainingRun
    await pruneCheckpoints(run.path, step, training.config.checkpoint)
  }
}
