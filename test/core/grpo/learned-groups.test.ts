import {describe, expect, it} from 'vitest'
import {learnedGroups} from '../../../src/core/grpo/learned-groups.js'
import type {RewardedGroup} from '../../../src/core/records/records.js'

/** A group of completions `name/0`, `name/1`, ..., right where `right` says so; the reward pays something else. */
function group(name: string, right: readonly boolean[]): RewardedGroup<string> {
  const completions = right.map((_, i) => ({name: `${name}/${i}`}))
  const verdicts = right.map((correct) => ({correct}))
  const rewards = right.map((_, i) => ({total: i}))
  return {item: name, completions, verdicts, rewards} as unknown as RewardedGroup<string>
}

const groups = [group('mixed', [false, true, true]), group('wrong', [false, false]), group('right', [true, true])]
const settings = {std: 'none', advantageEpsilon: 1e-6} as const
const namesOf = ({completions}: {completions: readonly unknown[]}) =>
  completions.map((one) => (one as {name: string}).name)

describe('what an update learns from', () => {
  it('is every completion, with the difference of its reward from the mean, where rewards are compared', () => {
    const {scored, learned} = learnedGroups(groups, {learnsFrom: 'comparison'}, settings)
    expect(scored.map(({advantages}) => advantages)).toEqual([
      [-1, 0, 1],
      [-0.5, 0.5],
      [-0.5, 0.5],
    ])
    expect(learned).toEqual(scored)
  })

  it('is the right completions alone, each with advantage 1, whatever the reward pays', () => {
    const {scored, learned} = learnedGroups(groups, {learnsFrom: 'right completions'}, settings)
    expect(scored.map(({advantages}) => advantages)).toEqual([
      [0, 1, 1],
      [0, 0],
      [1, 1],
    ])
    expect(learned.map(namesOf)).toEqual([
      ['mixed/1', 'mixed/2'],
      ['right/0', 'right/1'],
    ])
    expect(learned[0]).toMatchObject({
      advantages: [1, 1],
      verdicts: [{correct: true}, {correct: true}],
      rewards: [{total: 1}, {total: 2}],
    })
  })
})
