import type {ScheduleName} from '../config/names.js'

/** How the learning rate moves over a run. */
export interface ScheduleSettings {
  readonly learningRate: number
  readonly schedule: ScheduleName
  readonly warmupSteps: number
  /** Share of the learning rate that linear and cosine end at. */
  readonly finalShare: number
}

/** Share of the peak left after warm-up, from progress in [0, 1]. */
const shapes: Readonly<Record<ScheduleName, (progress: number, final: number) => number>> = {
  constant: () => 1,
  linear: (progress, final) => 1 - progress * (1 - final),
  cosine: (progress, final) => final + ((1 - final) * (1 + Math.cos(Math.PI * progress))) / 2,
}

/**
 * Learning rate of a step: a linear warm-up, then the schedule's shape down to its final share at the last step.
 *
 * @param step 1 for the first update
 */
export function learningRateAt(
  step: number,
  steps: number,
  {learningRate, schedule, warmupSteps, finalShare}: ScheduleSettings,
): number {
  if (step <= warmupSteps) return (learningRate * step) / warmupSteps
  const progress = (step - warmupSteps) / Math.max(1, steps - warmupSteps)
  return learningRate * shapes[schedule](Math.min(1, progress), finalShare)
}
