import type {Completion, Context, GradedGroup, LogprobQuery} from '../records/records.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'
import {joinIds} from '../util/join-ids.js'
import type {RewardTerm, TermSetup} from './term.js'

const endOfThinking = Buffer.from('</think>')

/**
 * Information gain (RLP, arXiv 2510.01265): log P(x_t | prompt, thought) under the weights as they are, minus log P(x_t | x_<t)
 * without a thought under their moving average; nats. 0 for a thought that never ends. Only the thought is trained.
 *
 * The answer after the thought is not looked at. Of a context longer than the model's positions the end is asked about.
 */
export function informationGainTerm({tokenizer, maxPositions}: TermSetup): RewardTerm<Context> {
  const thoughtsOf = ({completions}: GradedGroup<Context>) =>
    completions.map((completion) => thoughtLength(completion, tokenizer))
  return {
    ask(group) {
      const {item, prompt, completions} = group
      const continuation = Int32Array.of(item.targetId)
      const baseline: LogprobQuery = {
        of: 'average',
        prompt: item.tokenIds.subarray(-(maxPositions - 1)),
        continuation,
      }
      const withThought = thoughtsOf(group).flatMap((length, i): LogprobQuery[] => {
        if (length === null) return []
        const thought = completions[i].ids.subarray(0, length)
        return [{of: 'policy', prompt: joinIds(prompt.ids, thought).subarray(-(maxPositions - 1)), continuation}]
      })
      return [baseline, ...withThought]
    },
    score(group, [baseline, ...gains]) {
      let at = 0
      return thoughtsOf(group).map((length) => (length === null ? 0 : gains[at++][0] - baseline[0]))
    },
    trains: (completion) => ({from: 0, to: thoughtLength(completion, tokenizer) ?? completion.ids.length}),
  }
}

/** Tokens up to the end of the thought, its mark included; null where it never ends. */
function thoughtLength({ids}: Completion, tokenizer: Tokenizer): number | null {
  let bytes = Buffer.alloc(0)
  for (const [i, id] of ids.entries()) {
    bytes = Buffer.concat([bytes, tokenizer.bytesOf(id)])
    if (bytes.includes(endOfThinking)) return i + 1
  }
  return null
}
