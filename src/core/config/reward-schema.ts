import {z} from 'zod'
import {isObject} from '../util/is-object.js'
import {guess, problemsWithin} from './expectation.js'
import {rewardNames} from './names.js'
import {positive, share} from './value-kinds.js'

const rewardTerm = z
  .union([z.enum(rewardNames), z.strictObject({name: z.enum(rewardNames), weight: z.number().default(1)})], {
    error: ({input, errors}) => {
      const [, ofMapping] = errors as z.core.$ZodIssue[][]
      if (isObject(input)) return problemsWithin(ofMapping)
      const names = rewardNames.join(', ')
      return `needs the name of a term (${names}), or {name: ..., weight: ...}${guess([input], rewardNames)}`
    },
  })
  .transform((term) => (typeof term === 'string' ? {name: term, weight: 1} : term))

/** Settings of rewards. */
export const reward = z.strictObject({
  terms: z
    .array(rewardTerm)
    .min(1)
    .optional()
    .describe('terms whose weighted sum is the reward; prefix-match for rpt and correct for rlvr when absent'),
  average: z
    .strictObject({
      tau: share
        .default(0.999)
        .describe('share of the moving average that is kept at every step; for terms that ask the average'),
    })
    .prefault({}),
  lengthBudget: z
    .strictObject({
      first: positive
        .default(800)
        .describe('thought length, in tokens, that term length-budget pays most for at step 1'),
      least: positive.default(1).describe('the budget never falls below this many tokens'),
      decay: z.number().positive().max(1).default(0.2).describe('share of the budget that is left at the last step'),
    })
    .prefault({}),
  overlongTokens: positive
    .default(128)
    .describe('number of tokens before rollout.maxTokens over which term overlong falls from 0 to -1'),
  maxReferenceTokens: positive.default(32).describe('tokens of the continuation that a prediction may span'),
})
