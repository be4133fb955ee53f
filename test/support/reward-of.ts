import type {RewardName} from '../../src/core/config/names.js'
import type {Completion, Context, GradedGroup} from '../../src/core/records/records.js'
import {verdictOf} from '../../src/core/rewards/parse.js'
import {explainPrefix, prefixReward} from '../../src/core/rewards/prefix-match.js'
import {openTerms} from '../../src/core/rewards/terms.js'
import type {Tokenizer} from '../../src/core/tokenizer/tokenizer.js'
import {termSetup} from './term-setup.js'

/** The verdict and the reward of one completion, as training computes them for terms that ask nothing. */
export function rewardOf(name: RewardName, tokenizer: Tokenizer, context: Context, completion: Completion) {
  const verdict = verdictOf(tokenizer.concatBytes(completion.ids), completion.stopReason, (answer) => ({
    correct: prefixReward(answer, context.truth, context.boundaries) === 1,
    explanation: explainPrefix(answer, context),
  }))
  const group = {item: context, completions: [completion], verdicts: [verdict]} as unknown as GradedGroup<Context>
  const [{term}] = openTerms<Context>([{name, weight: 1}], termSetup(tokenizer))
  const explanation = term.explain?.(group, [])[0] ?? verdict.explanation
  return {...verdict, total: term.score(group, [], 0)[0], explanation}
}
