import type {RewardTerm} from './term.js'

/**
 * -1 for a completion without an answer (no box, a thought without an end, or cut at the limit), else 0. RPT has no such
 * penalty: there, a completion without an answer earns as much as a wrong one.
 */
export const missingAnswerTerm: RewardTerm<unknown> = {
  score: ({verdicts}) => verdicts.map(({answer}) => (answer === null ? -1 : 0)),
}
