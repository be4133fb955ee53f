import {endOfContext} from '../prompts/prompts.js'
import type {Context, GradedGroup, LogprobQuery} from '../records/records.js'
import {minOf} from '../util/extremes.js'
import {joinIds} from '../util/join-ids.js'
import type {RewardTerm, TermSetup} from './term.js'
import {thoughtLength} from './thought-length.js'

/**
 * Information gain (RLP, arXiv 2510.01265): log P(x_t | prompt, thought) under the weights as they are, minus log P(x_t | x_<t)
 * without a thought under their moving average; nats. A thought that never ends earns the least of its group, 0 at most. Only
 * the thought is trained.
 *
 * The answer after the thought is not looked at. Of a context longer than the model's positions the end is asked about.
 */
export function informationGainTerm({tokenizer, maxPositions}: TermSetup): RewardTerm<Context> {
  const thoughtsOf = ({completions}: GradedGroup<Context>) =>
    completions.map((completion) => thoughtLength(completion, tokenizer))
  const earnedOf = (group: GradedGroup<Context>, [baseline, ...gains]: readonly Float32Array[]) => {
    const earned = gains.map(([logprob]) => logprob - baseline[0])
    const least = Math.min(0, minOf(earned))
    let at = 0
    return thoughtsOf(group).map((length) => (length === null ? least : earned[at++]))
  }
  return {
    ask(group) {
      const {item, prompt, completions} = group
      const continuation = Int32Array.of(item.targetId)
      const baseline: LogprobQuery = {
        of: 'average',
        prompt: endOfContext(tokenizer, item.tokenIds, maxPositions - 1),
        continuation,
      }
      const withThought = thoughtsOf(group).flatMap((length, i): LogprobQuery[] => {
        if (length === null) return []
        const thought = completions[i].ids.subarray(0, length)
        return [
          {of: 'policy', prompt: endOfContext(tokenizer, joinIds(prompt.ids, thought), maxPositions - 1), continuation},
        ]
      })
      return [baseline, ...withThought]
    },
    score: earnedOf,
    explain(group, answers) {
      const [baseline, ...gains] = answers.map(([logprob]) => logprob.toFixed(2))
      const earned = earnedOf(group, answers)
      let at = 0
      return thoughtsOf(group).map((length, i) =>
        length === null
          ? `the thought does not end: it earns the least of its group, ${earned[i].toFixed(2)} nats`
          : `the target's log-probability is ${gains[at++]} with the thought and ${baseline} without: ${earned[i].toFixed(2)} nats`,
      )
    },
    trains: (completion) => ({from: 0, to: thoughtLength(completion, tokenizer) ?? completion.ids.length}),
  }
}
