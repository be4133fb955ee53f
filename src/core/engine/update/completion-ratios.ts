import {groupBy} from '../../util/group-by.js'
import {meanOf} from '../../util/means.js'
import type {Slot} from './micro-batches.js'

/**
 * Ratio of each token's completion: exp of the mean of (policy - old) over the completion's trained tokens. Source: GSPO
 * (arXiv 2507.18071), Eq. 5.
 *
 * @param slots N trained tokens, with their log-probabilities when they were sampled
 * @param policy [N] or longer, float32: natural log-probabilities of these tokens under the policy
 * @returns as long as `policy`, float32: positive, the same for all tokens of a completion, and 1 behind the slots
 */
export function completionRatios(slots: readonly Slot[], policy: Float32Array): Float32Array {
  const ratios = new Float32Array(policy.length).fill(1)
  const indexed = slots.map((slot, i) => ({...slot, i}))
  for (const [, own] of groupBy(indexed, ({completion}) => completion)) {
    const ratio = Math.exp(meanOf(own.map(({i, old}) => policy[i] - old)))
    for (const {i} of own) ratios[i] = ratio
  }
  return ratios
}
