import {describe, expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import type {DeviationName} from '../../../src/core/config/names.js'
import {groupAdvantages, isUniform} from '../../../src/core/grpo/advantages.js'
import {Sampler, streamSeed} from '../../../src/core/util/rng.js'

const advantages = (group: readonly number[], std: DeviationName = 'population', advantageEpsilon = 1e-6) =>
  groupAdvantages([group], {std, advantageEpsilon})[0]

describe('advantages of a group', () => {
  it('are exact zeros when all rewards are equal, whatever their value', () => {
    for (const reward of [0, 1, 0.1, 1e-20]) {
      expect(advantages(Array(7).fill(reward))).toEqual(Array(7).fill(0))
      expect(advantages(Array(3).fill(reward), 'none')).toEqual([0, 0, 0])
    }
  })

  it('are exact zeros when rewards differ by rounding alone, at any scale', () => {
    const sampler = new Sampler(streamSeed(6, 'near-equal'))
    for (let group = 0; group < 200; group++) {
      const reward = (sampler.next() - 0.5) * 10 ** (sampler.integer(40) - 20)
      const rewards = Array.from({length: 2 + sampler.integer(7)}, () =>
        Math.fround(reward * (1 + 4e-7 * sampler.next())),
      )
      expect(isUniform(rewards), String(rewards)).toBe(true)
      expect(advantages(rewards)).toEqual(rewards.map(() => 0))
    }
  })

  it('count differences beyond the tolerance, at any scale, however the group is ordered', () => {
    const sampler = new Sampler(streamSeed(7, 'differing'))
    for (let group = 0; group < 200; group++) {
      const scale = 10 ** (sampler.integer(40) - 20)
      const rewards = sampler.shuffle([1, 1 + 3e-6, 1, 1].map((share) => share * scale))
      expect(isUniform(rewards), String(rewards)).toBe(false)
      expect(isUniform(rewards.map((reward) => -reward))).toBe(false)
    }
    expect(isUniform([0, 1e-30])).toBe(false)
    expect(isUniform([1e-9, -1e-9])).toBe(false)
  })

  it('of a reward that is no number stay no number, for the gate to see', () => {
    expect(isUniform([Number.NaN, Number.NaN])).toBe(false)
    expect(advantages([Number.NaN, 1])).toEqual([Number.NaN, Number.NaN])
  })

  it('are 1 and -1 for one success and one failure under the population deviation', () => {
    const [success, failure] = advantages([1, 0], 'population', 1e-12)
    expect([success, failure]).toEqual([expect.closeTo(1, 9), expect.closeTo(-1, 9)])
  })

  it('are smaller by sqrt((G - 1) / G) under the sample deviation', () => {
    const group = [1, 0, 0, 1, 0, 0, 0, 0]
    const [population, sample] = (['population', 'sample'] as const).map((std) => advantages(group, std, 1e-15))
    sample.forEach((value, i) => {
      expect(value / population[i]).toBeCloseTo(Math.sqrt(7 / 8), 9)
    })
  })

  it('are smaller by what is added to the deviation', () => {
    expect(advantages([1, 0], 'population', 0.5)).toEqual([0.5, -0.5])
    expect(advantages([1, 0], 'sample', 0.5)[0]).toBeCloseTo(0.5 / (Math.SQRT1_2 + 0.5), 9)
  })

  it('are plain differences from the mean without a deviation', () => {
    expect(advantages([1, 0, 0, 0], 'none')).toEqual([0.75, -0.25, -0.25, -0.25])
  })

  it('sum to 0 and keep the order of the rewards in every group', () => {
    const sampler = new Sampler(streamSeed(5, 'advantages'))
    for (let group = 0; group < 50; group++) {
      const rewards = Array.from({length: 2 + sampler.integer(9)}, () => sampler.integer(4))
      const values = advantages(rewards)
      expect(Math.abs(values.reduce((sum, value) => sum + value, 0))).toBeLessThan(1e-9)
      const order = (of: readonly number[]) => [...of.keys()].sort((a, b) => of[a] - of[b] || a - b)
      expect(order(values)).toEqual(order(rewards))
    }
  })

  it('leave-one-out compare each reward with the mean of the others', () => {
    const rewards = [1, 0, 0.5, 0]
    const expected = rewards.map((reward, i) => {
      const others = rewards.filter((_, j) => j !== i)
      return expect.closeTo(reward - others.reduce((sum, other) => sum + other, 0) / others.length, 9)
    })
    expect(advantages(rewards, 'leave-one-out')).toEqual(expected)
  })

  it("are RLP's where information gain alone is rewarded: G / (G - 1) times the difference from the mean", () => {
    const {grpo} = loadConfig({sets: ['reward.terms=information-gain'], cwd: '.'}).config
    const gains = [1.75, 0.25, 2.5, -0.5]
    expect(groupAdvantages([gains], grpo)).toEqual([[1, -1, 2, -2]])
  })

  it('compare completions of one group only', () => {
    const both = groupAdvantages(
      [
        [1, 0],
        [100, 90],
      ],
      {std: 'none', advantageEpsilon: 1e-6},
    )
    expect(both).toEqual([
      [0.5, -0.5],
      [5, -5],
    ])
  })

  it('do not exist for a group of one', () => {
    expect(() => advantages([1])).toThrow(/group of 1 has nothing to compare with/)
  })
})
