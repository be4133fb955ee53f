import type {Completion, Context, Reward} from '../records/records.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {UsageError} from '../util/errors.js'
import {nearest} from '../util/suggest.js'
import {explainFirstToken, firstTokenReward} from './first-token.js'
import {parseCompletion} from './parse.js'
import {explainPrefix, prefixReward} from './prefix-match.js'

/** How a prediction is rewarded, and the sentence that says why. */
interface RewardRule {
  readonly reward: (prediction: Uint8Array, context: Context, tokenizer: Tokenizer) => number
  readonly explain: (prediction: Uint8Array, context: Context, tokenizer: Tokenizer) => string
}

/** Every reward by name. Adding one is one file and one row. */
const rules: Readonly<Record<string, RewardRule>> = {
  'prefix-match': {
    reward: (prediction, {truth, boundaries}) => prefixReward(prediction, truth, boundaries),
    explain: explainPrefix,
  },
  'first-token': {reward: firstTokenReward, explain: explainFirstToken},
}

const failures = {
  'no-box': 'thinking ended, but no balanced \\boxed{...} follows',
  'unfinished-thinking': 'the text ended without </think>',
  truncated: 'the length limit was reached before the end of the text',
} as const

/**
 * Parses a completion and rewards its prediction; a completion without one gets 0.
 *
 * @param name of a rule
 * @throws {UsageError} when there is no such rule
 */
export function rewardFor(name: string, tokenizer: Tokenizer, context: Context, completion: Completion): Reward {
  const rule = findRule(name)
  const parsed = parseCompletion(tokenizer.concatBytes(completion.ids), completion.stopReason)
  if (parsed.outcome !== 'parsed')
    return {...parsed, total: 0, parts: {[name]: 0}, explanation: failures[parsed.outcome]}
  const total = rule.reward(parsed.prediction, context, tokenizer)
  return {...parsed, total, parts: {[name]: total}, explanation: rule.explain(parsed.prediction, context, tokenizer)}
}

/**
 * Checks that there is a reward of that name.
 *
 * @throws {UsageError} when there is none
 */
export function checkReward(name: string): void {
  findRule(name)
}

function findRule(name: string): RewardRule {
  if (Object.hasOwn(rules, name)) return rules[name]
  const guess = nearest(name, Object.keys(rules))
  throw new UsageError(`reward.name is ${name}; expected one of ${Object.keys(rules).join(', ')}`, {
    suggestions: guess ? [`did you mean ${guess}?`] : [],
  })
}
