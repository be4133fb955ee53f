import type {RewardTerm} from './term.js'

/** 1 if the task's verdict is that the answer is right, else 0 (RPT, Eq. 2: RL with verifiable rewards). The verdict explains it. */
export const correctTerm: RewardTerm<unknown> = {
  score: ({verdicts}) => verdicts.map(({correct}) => Number(correct)),
}
