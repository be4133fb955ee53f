import type {RewardTerm} from './term.js'

/**
 * -1 for a completion without an answer (no box, no end of the thought, or cut at the limit), else 0. RPT has no such
 * penalty: without one a completion that says nothing earns as much as one that is wrong.
 */
export const missingAnswerTerm: RewardTerm<unknown> = {
  score: ({verdicts}) => verdicts.map(({answer}) => (answer === null ? -1 : 0)),
}
