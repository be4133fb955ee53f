import type {RewardTerm} from './term.js'

/**
 * 1 if the task's verdict is that the answer is right, else 0: for next-token prediction the prefix-matching reward (RPT,
 * Eq. 3), for questions the verifier's.
 */
export const correctTerm: RewardTerm<unknown> = {
  score: ({verdicts}) => verdicts.map(({correct}) => Number(correct)),
}
