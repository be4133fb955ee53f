/**
 * A factor on the loss, and so on all gradients, that keeps small gradients above the smallest float16 (Micikevicius et
 * al. 2018, arXiv 1710.03740, section 3.2). It changes by powers of two, so it rounds nothing. If it is too large, a
 * gradient overflows, that update is skipped, and the factor is halved. After many good updates, it is doubled.
 */
export interface LossScale {
  readonly factor: number
  /** Updates since the factor last changed. */
  readonly goodUpdates: number
}

/** Good updates after which the factor is doubled; as torch.amp.GradScaler. */
const growthInterval = 2000

/** The factor of the first update, as torch.amp.GradScaler. */
export const firstLossScale: LossScale = {factor: 2 ** 16, goodUpdates: 0}

/**
 * The loss scale of the next update.
 *
 * @param isGood whether all gradients of this update were finite
 * @param interval good updates in a row after which the factor is doubled
 */
export function nextLossScale(
  {factor, goodUpdates}: LossScale,
  isGood: boolean,
  interval: number = growthInterval,
): LossScale {
  if (!isGood) return {factor: factor / 2, goodUpdates: 0}
  const isDue = goodUpdates + 1 === interval
  return {factor: isDue ? 2 * factor : factor, goodUpdates: isDue ? 0 : goodUpdates + 1}
}
