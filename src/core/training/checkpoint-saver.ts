import {pruneCheckpoints, stepName} from '../runs/run-checkpoints.js'
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

  /** Removes what an earlier attempt left that need not stay, and says so: it was killed before it did, or kept more. */
  async removeSurplus(from: TrainerState): Promise<void> {
    const {keepLast} = this.trainingRun.training.config.checkpoint
    const removed = await this.prune(from)
    if (removed.length > 0)
      this.trainingRun.run.services.progress.log(
        `train: removed ${removed.map(stepName).join(', ')}: checkpoint.keepLast is ${keepLast}`,
      )
  }

  private prune({step}: TrainerState): Promise<number[]> {
    const {run, training} = this.trainingRun
    return pruneCheckpoints(run.path, step, training.config.checkpoint)
  }
}
