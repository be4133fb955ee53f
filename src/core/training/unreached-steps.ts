import type {Config} from '../config/schema.js'
import type {Progress} from '../util/progress.js'

/** Whether training takes a step: only then there can be a checkpoint of it. */
export function isReached(step: number, {train}: Pick<Config, 'train'>): boolean {
  return step >= 1 && step <= train.steps
}

/** Says which of `checkpoint.steps` training does not take; nothing of training that is to take none. */
export function warnOfUnreached(config: Config, {warn}: Pick<Progress, 'warn'>): void {
  const unreached = config.checkpoint.steps.filter((step) => !isReached(step, config))
  if (unreached.length > 0 && config.train.steps > 0)
    warn(
      `checkpoint.steps names ${unreached.join(', ')}, but training takes steps 1 to ${config.train.steps} (train.steps): there will be no checkpoint of these`,
    )
}
