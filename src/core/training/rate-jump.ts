import type {Config} from '../config/schema.js'
import {optimizerAt} from '../objectives/objective.js'
import type {MetricsRow} from '../tables/index.js'
import type {Progress} from '../util/progress.js'

/**
 * Says how the learning rate jumps where a run goes on, because its schedule now ends at another step.
 *
 * @param history rows of metrics.arrow
 * @param step the last one taken
 */
export function warnOfRateJump(
  history: readonly Pick<MetricsRow, 'step' | 'learning_rate'>[],
  config: Config,
  step: number,
  {warn}: Pick<Progress, 'warn'>,
): void {
  const {optim, train} = config
  const rate = history.findLast((row) => row.step === step)?.learning_rate ?? null
  if (rate === null || step >= train.steps || rate === optimizerAt(step, config).learningRate) return
  const [before, after] = [rate, optimizerAt(step + 1, config).learningRate].map((value) =>
    Number(value.toPrecision(3)),
  )
  warn(
    `train: the learning rate jumps from ${before} at step ${step} to ${after} at step ${step + 1}, because optim.schedule ${optim.schedule} now ends at step ${train.steps}`,
  )
}
