import type {GradedGroup, LogprobQuery, Reward, RewardedGroup} from '../../records/records.js'
import type {WeightedTerm} from '../../rewards/terms.js'

/** Answers queries, in their order. */
type Ask = (queries: readonly LogprobQuery[]) => Promise<readonly Float32Array[]>

/** What one term says of one group. */
interface TermScores {
  readonly name: string
  readonly weight: number
  readonly scores: readonly number[]
  readonly sentences: readonly string[] | undefined
}

/**
 * verdicts -> rewards: the terms ask, all in one call, then each scores every group.
 *
 * @param progress share of the run that is over, 0 at the first step and 1 at the last
 */
export async function rewardGroups<Item>(
  groups: readonly GradedGroup<Item>[],
  terms: readonly WeightedTerm<Item>[],
  ask: Ask,
  progress: number,
): Promise<RewardedGroup<Item>[]> {
  const asked = groups.map((group) => terms.map(({term}) => term.ask?.(group) ?? []))
  const queries = asked.flat(2)
  const answers = queries.length > 0 ? await ask(queries) : []
  let at = 0
  return groups.map((group, i) => {
    const scores = terms.map(({name, weight, term}, j): TermScores => {
      const own = answers.slice(at, at + asked[i][j].length)
      at += own.length
      return {name, weight, scores: term.score(group, own, progress), sentences: term.explain?.(group, own)}
    })
    return {...group, rewards: group.verdicts.map(({explanation}, sample) => rewardOf(scores, sample, explanation))}
  })
}

/** The weighted sum of the scores of one completion; terms that have sentences of their own speak for the verdict. */
function rewardOf(scores: readonly TermScores[], sample: number, explanation: string): Reward {
  const own = scores.flatMap(({sentences}) => (sentences ? [sentences[sample]] : []))
  return {
    total: scores.reduce((sum, term) => sum + term.weight * term.scores[sample], 0),
    parts: Object.fromEntries(scores.map((term) => [term.name, term.scores[sample]])),
    explanation: own.length > 0 ? own.join('; ') : explanation,
  }
}
