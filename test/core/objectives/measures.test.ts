import {describe, expect, it} from 'vitest'
import {configSchema} from '../../../src/core/config/schema.js'
import type {PolicyUpdate} from '../../../src/core/engine/update/policy-update.js'
import {type GroupLengths, rolloutFlops, updateFlops} from '../../../src/core/models/flops.js'
import {resultOf, type TakenUpdate} from '../../../src/core/objectives/grpo/measures.js'
import type {SampledGroups} from '../../../src/core/objectives/grpo/sample-groups.js'
import {shapeOf} from '../../../src/core/objectives/objective.js'
import type {ScoredGroup} from '../../../src/core/records/records.js'
import {tinyModel} from '../../support/tiny-model.js'

const config = configSchema.parse({})
const shape = shapeOf(tinyModel(), {parameterCount: 10_000})

/** A group whose completions have such rewards and as many tokens as the prompt. */
function groupOf(promptTokens: number, rewards: readonly number[]): ScoredGroup<unknown> {
  const ids = new Int32Array(promptTokens)
  const mean = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length
  const group = {
    prompt: {ids, cutTokens: 0},
    completions: rewards.map(() => ({ids, stopReason: 'end-of-text'})),
    verdicts: rewards.map((reward) => ({outcome: 'parsed', correct: reward > 0})),
    rewards: rewards.map((total) => ({total, parts: {correct: 2 * total, overlong: -1}})),
    advantages: rewards.map((reward) => reward - mean),
  }
  return group as unknown as ScoredGroup<unknown>
}

const update = (changes: Partial<PolicyUpdate>): PolicyUpdate => ({
  ...{loss: 0, gradNorm: 1, lossScale: null, mismatchMax: 0, entropy: 1, clipFraction: 0, kl: null, trainedTokens: 8},
  ...changes,
})

function stepOf(
  groups: readonly ScoredGroup<unknown>[],
  updates: readonly (PolicyUpdate | TakenUpdate)[],
  {queryFlops = 0, ...grpo}: Partial<typeof config.grpo> & {readonly queryFlops?: number} = {},
) {
  const counts = {batches: 1, dropped: 0, surplus: 0, uniformsNearStep: 0, queryFlops}
  const sampled: SampledGroups<unknown> = {generated: groups, kept: groups, ...counts}
  const settings = {...config, grpo: {...config.grpo, ...grpo}}
  const taken = updates.map((one) => ('update' in one ? one : {update: one, isOnPolicy: true, groups: [], rows: []}))
  return resultOf({config: settings, shape, hasEnd: true}, {sampled, scored: groups, learned: groups, taken})
}

/** A prompt of so many tokens with two completions as long. */
const lengths = (tokens: number): GroupLengths => ({promptTokens: tokens, completionTokens: [tokens, tokens]})

describe('what is measured of a step', () => {
  it('is the disagreement of rollout and trainer in the first update: later ones are off-policy', () => {
    const {measures} = stepOf([groupOf(4, [0, 1])], [update({mismatchMax: 0.25}), update({mismatchMax: 3})])
    expect(measures.mismatchMax).toBe(0.25)
    expect(stepOf([groupOf(4, [1, 1])], []).measures.mismatchMax).toBeNull()
  })

  it('is the mean over updates that have a value, of which skipped ones count as no update', () => {
    const {measures} = stepOf([groupOf(4, [0, 1])], [update({loss: 1, gradNorm: null}), update({loss: 2, gradNorm: 3})])
    expect(measures).toMatchObject({updates: 1, loss: 1.5, gradNorm: 3, kl: null})
  })

  it('has the mean score of each term of the reward, over all completions', () => {
    const {measures} = stepOf([groupOf(4, [0, 1]), groupOf(9, [1, 1])], [])
    expect(measures.rewardTerms).toEqual({correct: 1.5, overlong: -1})
  })

  it('has the mean deviation of rewards within a group, not between groups', () => {
    expect(stepOf([groupOf(4, [0, 1]), groupOf(9, [5, 5])], []).measures.rewardStd).toBe(0.25)
  })

  it('has the share of contexts whose prompt was cut, however much of it', () => {
    const [cut, whole] = [groupOf(4, [0, 1]), groupOf(4, [0, 1])]
    const {measures} = stepOf([{...cut, prompt: {...cut.prompt, cutTokens: 7}}, whole], [])
    expect(measures.cutPrompts).toBe(0.5)
  })

  it('takes compute of updates for what they ran over alone, and of sampling for all groups', () => {
    const row = {promptTokens: 1, completionTokens: [6]}
    const taken = {update: update({}), isOnPolicy: true, groups: [lengths(4)], rows: [row]}
    const {flopsUpdate, flopsGeneration} = stepOf([groupOf(4, [0, 1]), groupOf(9, [1, 1])], [taken])
    expect(flopsUpdate).toBe(updateFlops(shape, [lengths(4), row]))
    expect(flopsGeneration).toBe(rolloutFlops(shape, [lengths(4), lengths(9)]))
  })

  it('counts apart what is scored besides: the reference, the policy before updates off-policy, questions of rewards', () => {
    const taken = [4, 9].map((tokens, i) => ({
      ...{update: update({}), isOnPolicy: i === 0, rows: []},
      groups: [lengths(tokens)],
    }))
    const scoringOf = (updates: number, settings?: Parameters<typeof stepOf>[2]) =>
      stepOf([groupOf(4, [0, 1]), groupOf(9, [0, 1])], taken.slice(0, updates), settings)
    // 4 tokens of prompt and 2 x 3 of completions through 2 layers, attending to 10 and 2 x 18 tokens, 2 x 4 times logits.
    const first = 2 * 2 * (2 * 8 * 2 * (4 + 2) + 3 * 8 * 12) * 10 + 4 * 2 * 4 * 2 * (10 + 2 * 18) + 2 * 8 * 11 * 8
    const second = rolloutFlops(shape, [lengths(9)])
    expect(scoringOf(1).flopsScoring).toBe(0)
    expect(scoringOf(1, {klCoef: 0.1, queryFlops: 77})).toMatchObject({
      flopsScoring: first + 77,
      flopsUpdate: 3 * first,
    })
    expect([0, 1, 2].map((updates) => scoringOf(updates, {loss: 'gspo'}).flopsScoring)).toEqual([0, 0, second])
    expect(scoringOf(2, {klCoef: 0.1, loss: 'gspo'}).flopsScoring).toBe(first + 2 * second)
  })
})
