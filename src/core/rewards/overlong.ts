import type {RewardTerm, TermSetup} from './term.js'

/**
 * Soft overlong punishment (DAPO, arXiv 2503.14476, Eq. 13): 0 up to `rollout.maxTokens` - `reward.overlongTokens` tokens,
 * from there falling in a straight line to -1 at `rollout.maxTokens`; -1 for one that was cut at that limit.
 */
export function overlongTerm({maxTokens, settings: {overlongTokens}}: TermSetup): RewardTerm<unknown> {
  const free = Math.max(0, maxTokens - overlongTokens)
  return {
    score: ({completions}) =>
      completions.map(({ids, stopReason}) =>
        stopReason === 'length' ? -1 : -Math.max(0, ids.length - free) / (maxTokens - free),
      ),
  }
}
