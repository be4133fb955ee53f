import {describe, expect, it} from 'vitest'
import {rewardGroups} from '../../../src/core/objectives/grpo/reward-groups.js'
import type {GradedGroup, LogprobQuery} from '../../../src/core/records/records.js'
import type {RewardTerm} from '../../../src/core/rewards/term.js'
import {asksModel, checkTerms, needsAverage} from '../../../src/core/rewards/terms.js'

/** Groups of the items 1 and 2, with two completions each, the first of them right. */
const groups = [1, 2].map((item) => ({
  item,
  verdicts: [
    {correct: true, explanation: 'is right'},
    {correct: false, explanation: 'is wrong'},
  ],
})) as unknown as readonly GradedGroup<number>[]

const right: RewardTerm<number> = {score: ({verdicts}) => verdicts.map(({correct}) => Number(correct))}
const asks = (count: number, answers: number[][][]): RewardTerm<number> => ({
  ask: ({item}) =>
    Array.from({length: count}, (_, i): LogprobQuery => {
      return {of: 'policy', prompt: Int32Array.of(item), continuation: Int32Array.of(i)}
    }),
  score({item}, own) {
    answers[item - 1].push(own.map((one) => one[0]))
    return [own[0][0], -1]
  },
  explain: ({item}) => [`item ${item} first`, `item ${item} second`],
})

/** Answers a query with 10 * prompt + continuation. */
const answer = ({prompt, continuation}: LogprobQuery) => Float32Array.of(10 * prompt[0] + continuation[0])

describe('the rewards of a step', () => {
  it('come from one call for all terms and groups, each of which gets its own answers in order', async () => {
    const calls: number[] = []
    const seen: number[][][] = [[], []]
    const terms = [
      {name: 'correct', weight: 1, term: right},
      {name: 'dense', weight: 0.5, term: asks(2, seen)},
      {name: 'first-token', weight: 0, term: asks(1, seen)},
    ] as const
    const ask = async (queries: readonly LogprobQuery[]) => {
      calls.push(queries.length)
      return queries.map(answer)
    }
    const rewarded = await rewardGroups(groups, terms, ask, 0.25)
    expect(calls).toEqual([6])
    expect(seen).toEqual([
      [[10, 11], [10]],
      [[20, 21], [20]],
    ])
    expect(rewarded.map(({rewards}) => rewards.map(({total}) => total))).toEqual([
      [1 + 5, -0.5],
      [1 + 10, -0.5],
    ])
    expect(rewarded[1].rewards[0].parts).toEqual({correct: 1, dense: 20, 'first-token': 20})
    expect(rewarded[0].rewards[1].explanation).toBe('item 1 second; item 1 second')
  })

  it('ask nobody where no term does, and are explained by the verdict', async () => {
    const ask = () => Promise.reject(new Error('was asked'))
    const [{rewards}] = await rewardGroups(groups, [{name: 'correct', weight: 2, term: right}], ask, 0)
    expect(rewards).toEqual([
      {total: 2, parts: {correct: 1}, explanation: 'is right'},
      {total: 0, parts: {correct: 0}, explanation: 'is wrong'},
    ])
  })
})

describe('reward.terms', () => {
  it('refuses what cannot score the items of a task, and names what can', () => {
    const dense = [{name: 'dense', weight: 1}] as const
    expect(() => checkTerms([...dense], true)).not.toThrow()
    expect(() => checkTerms([...dense], false)).toThrow('reward.terms[0] is dense, which compares')
    expect(() => checkTerms([{name: 'correct', weight: 1}], false)).not.toThrow()
  })

  it('refuses a name that comes twice', () => {
    const twice = [1, 2].map((weight) => ({name: 'correct', weight}) as const)
    expect(() => checkTerms(twice, true)).toThrow('reward.terms names correct twice')
  })

  it('needs no average of terms that do not ask it, and no queries of terms that ask nothing', () => {
    const found = (['correct', 'dense', 'information-gain'] as const).map((name) => {
      return [asksModel([{name, weight: 1}]), needsAverage([{name, weight: 1}])]
    })
    expect(found).toEqual([
      [false, false],
      [true, false],
      [true, true],
    ])
  })
})
