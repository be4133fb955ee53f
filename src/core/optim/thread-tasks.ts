import {type SquaredTensor, type SquaresJob, sumBlocks} from './squares.js'
import {arraysOfStep, type StepJob, type SteppedTensor, takeStep} from './step-job.js'

/** What threads do to tensors, each of which goes to one of them. */
export interface ThreadTask<Tensor, Job extends {readonly tensors: readonly Tensor[]}> {
  readonly name: keyof typeof threadTasks
  /** Does it in place. */
  run(job: Job): void
  /** All arrays of a tensor; the first one has as many values as there are to work on. */
  arraysOf(tensor: Tensor): readonly (Float32Array | Float64Array)[]
}

const step: ThreadTask<SteppedTensor, StepJob> = {name: 'step', run: takeStep, arraysOf: arraysOfStep}

const squares: ThreadTask<SquaredTensor, SquaresJob> = {
  name: 'squares',
  run: sumBlocks,
  arraysOf: ({gradient, powers, increments}) => [gradient, powers, ...increments],
}

/** By name, which is all of a task that reaches another thread. */
export const threadTasks = {step, squares}

/** The memory of all arrays, to be handed to another thread. */
export function buffersOf<Tensor>({arraysOf}: ThreadTask<Tensor, never>, tensors: readonly Tensor[]): ArrayBuffer[] {
  return tensors.flatMap((tensor) => arraysOf(tensor).map(({buffer}) => buffer as ArrayBuffer))
}
