import type {RewardTerm, TermSetup} from './term.js'
import {thoughtLength} from './thought-length.js'

/**
 * A decaying budget for thoughts (RMT, arXiv 2509.24375): B = max(least, floor(first * decay^progress)) tokens; a triangle
 * of the thought's length l, 1 at l = B, and 0 without a thought and from 2 B on: max(0, 1 - |l - B| / B). A thought that
 * never ends earns 0.
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

/** Tokens of the budget when a share of the run is over. */
export function budgetAt(progress: number, {first, least, decay}: TermSetup['settings']['lengthBudget']): number {
  return Math.max(least, Math.floor(first * decay ** progress))
}
