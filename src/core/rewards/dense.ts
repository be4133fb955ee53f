import {endOfContext} from '../prompts/prompts.js'
import type {Context, GradedGroup} from '../records/records.js'
import {explainFirstToken, firstToken, isTarget} from './first-token.js'
import type {RewardTerm, TermSetup} from './term.js'

/**
 * The dense reward (RPT, Appendix A): 1 if the first token y of the answer is the target, else P(y | x_<t) under the weights
 * as they are; 0 without an answer.
 *
 * A wrong token earns what the model itself gives it without a thought, so a group without a right answer still carries
 * signal, toward the most probable wrong token. Of a context longer than the model's positions the end is asked about.
 */
export function denseTerm(setup: TermSetup): RewardTerm<Context> {
  return termFor(setup, () => true)
}

/**
 * The conditional dense reward (RPT, Appendix A): the dense one where some answer of the group begins with the target; 0 for
 * all of a group without one, which then carries no signal instead of one toward the most probable wrong token.
 */
export function conditionalDenseTerm(setup: TermSetup): RewardTerm<Context> {
  return termFor(setup, (areRight) => areRight.includes(true))
}

/** @param pays whether a group earns anything, by which of its answers are right */
function termFor(
  {tokenizer, maxPositions}: TermSetup,
  pays: (areRight: readonly boolean[]) => boolean,
): RewardTerm<Context> {
  const firstOf = ({item, verdicts}: GradedGroup<Context>) =>
    verdicts.map(({answer}) => {
      const id = answer === null ? null : firstToken(answer, tokenizer)
      return {id, isRight: isTarget(id, item, tokenizer)}
    })
  const paysFor = (group: GradedGroup<Context>) => pays(firstOf(group).map(({isRight}) => isRight))
  const wrongOf = (group: GradedGroup<Context>) =>
    paysFor(group) ? [...new Set(firstOf(group).flatMap(({id, isRight}) => (id === null || isRight ? [] : [id])))] : []
  const scoresOf = (group: GradedGroup<Context>, answers: readonly Float32Array[]) => {
    const probabilities = new Map(wrongOf(group).map((id, i) => [id, Math.exp(answers[i][0])]))
    return firstOf(group).map(({id, isRight}) => (isRight ? 1 : id === null ? 0 : (probabilities.get(id) ?? 0)))
  }
  return {
    ask: (group) =>
      wrongOf(group).map((id) => ({
        of: 'policy',
        prompt: endOfContext(tokenizer, group.item.tokenIds, maxPositions - 1),
        continuation: Int32Array.of(id),
      })),
    score: scoresOf,
    explain(group, answers) {
      const earned = scoresOf(group, answers)
      const asked = new Set(wrongOf(group))
      return firstOf(group).map(({id, isRight}, i) => {
        const found = explainFirstToken(group.verdicts[i], id, group.item, tokenizer)
        if (isRight || id === null) return found
        return asked.has(id)
          ? `${found}; without a thought the model gives it ${(100 * earned[i]).toPrecision(3)}%`
          : `${found}; no answer of the group begins with the target, so none earns anything`
      })
    },
  }
}
