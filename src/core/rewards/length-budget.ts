import type {RewardTerm, TermSetup} from './term.js'
import {thoughtLength} from './thought-length.js'

/**
 * A decaying budget for thoughts. Source: RMT (arXiv 2509.24375).
 *
 * The budget is B = max(least, floor(first * decay^progress)) tokens. The score is a triangle over the thought's length l, in
 * [0, 1]: max(0, 1 - |l - B| / B). It is 1 at l = B, and 0 without a thought and from 2 B on. A thought that never ends
 * earns 0.
 *
 * The paper's numbers, first 800 and decay 0.2, are the defaults of `reward.lengthBudget`.
 */
export function lengthBudgetTerm({tokenizer, settings: {lengthBudget}}: TermSetup): RewardTerm<unknown> {
  return {
    score({completions}, _answers, progress) {
      const budget = budgetAt(progress, lengthBudget)
      return completions.map((completion) => {
        const length = thoughtLength(completion, tokenizer)
        return length === null ? 0 : Math.max(0, 1 - Math.abs(length - budget) / budget)
      })
    },
  }
}

/**
 * The budget, in tokens.
 *
 * @param progress share of the run that is over, in [0, 1]
 */
export function budgetAt(progress: number, {first, least, decay}: TermSetup['settings']['lengthBudget']): number {
  return Math.max(least, Math.floor(first * decay ** progress))
}
