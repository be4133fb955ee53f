import {groupBy} from '../../util/group-by.js'
import {meanOf} from '../../util/means.js'
import type {Slot} from './micro-batches.js'

/**
 * Ratio of each token's completion: exp of the mean over its trained tokens of policy - old (GSPO, arXiv 2507.18071, Eq. 5).
 *
 * @param policy log-probabilities of the tokens under the policy, [slots] or more
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
