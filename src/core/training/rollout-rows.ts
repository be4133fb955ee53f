import type {ScoredGroup} from '../records/records.js'
import {itemName, type RolloutRow} from '../tables/index.js'
import type {Tokenizer} from '../tokenizer/tokenizer.js'

/** groups -> rows of `rollouts/step-*.arrow`: one per completion, those of groups that were not trained on included. */
export function rolloutRows(step: number, groups: readonly ScoredGroup<unknown>[], tokenizer: Tokenizer): RolloutRow[] {
  return groups.flatMap(({prompt, facts, completions, verdicts, rewards, advantages}, group) =>
    completions.map((completion, sample) => ({
      step,
      doc_id: prompt.key.source,
      position: prompt.key.index,
      group,
      sample,
      prompt_ids: prompt.ids,
      completion_ids: completion.ids,
      completion_text: tokenizer.decode(completion.ids),
      old_logprobs: completion.oldLogprobs,
      stop_reason: completion.stopReason,
      outcome: verdicts[sample].outcome,
      prediction: verdicts[sample].answer,
      truth: facts.truth,
      boundaries: facts.boundaries,
      reward: rewards[sample].total,
      reward_parts: rewards[sample].parts,
      explanation: rewards[sample].explanation,
      advantage: advantages[sample],
      cut_tokens: prompt.cutTokens,
      correct: verdicts[sample].correct,
      task: facts.task,
      item: itemName(prompt.key),
      cluster: facts.cluster,
    })),
  )
}
