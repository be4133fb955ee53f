import type {RewardTerm, TermSetup} from './term.js'

/**
 * Soft overlong punishment, in [-1, 0]. Source: DAPO (arXiv 2503.14476), Eq. 13.
 *
 * The score is 0 up to `rollout.maxTokens` - `reward.overlongTokens` tokens. From there it falls linearly to -1 at
 * `rollout.maxTokens`. A completion that was cut at that limit earns -1.
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
