import {describe, expect, it} from 'vitest'
import {diagnose, summarizeRollouts} from '../../../src/core/report/diagnose.js'
import type {RolloutRow} from '../../../src/core/tables/index.js'

/** A wrong completion of a group, where ` 17 pens.` follows in three tokens. */
function rowOf(prediction: string, changes: Partial<RolloutRow> = {}): RolloutRow {
  const row = {
    group: 0,
    completion_ids: new Int32Array(3),
    completion_text: `${prediction}</think>`,
    outcome: 'parsed',
    prediction: Buffer.from(prediction),
    truth: Buffer.from(' 17 pens.'),
    boundaries: Int32Array.of(3, 8, 9),
    reward: 0,
    reward_parts: {},
    correct: false,
    ...changes,
  }
  return row as RolloutRow
}

describe('what is wrong with a prediction', () => {
  it.each([
    ['', 'empty'],
    ['17', 'missing-space'],
    ['17 pens', 'missing-space'],
    [' 17 ', 'extra-space'],
    [' 17x', 'other'],
    [' 17 p', 'inside-token'],
    [' 18', 'other'],
  ] as const)('%j: %s', (prediction, loss) => {
    const {losses} = summarizeRollouts([rowOf(prediction)])
    expect(Object.entries(losses).filter(([, share]) => share > 0)).toEqual([[loss, 1]])
  })
})

describe('a thought that comes again and again', () => {
  const said = (count: number, others: number) => {
    const rows = Array.from({length: count + others}, (_, i) =>
      rowOf(' 18', {completion_text: i < count ? 'the same</think>' : `thought ${i}</think>`}),
    )
    return diagnose(summarizeRollouts(rows)).filter((line) =>
      line.includes('of thoughts are the same text, "the same"'),
    )
  }

  it('is said of more than 8 completions, where it is more than 3 in 10 of them', () => {
    expect(said(9, 0)).toEqual([expect.stringMatching(/^100\.0% /)])
    expect(said(8, 0)).toEqual([])
    expect(said(4, 6)).toEqual([expect.stringMatching(/^40\.0% /)])
    expect(said(3, 7)).toEqual([])
  })
})

describe('the control of a thought that comes again and again', () => {
  it.each([
    ['the same', "--mode forced-thought and --set 'eval.forcedThought=the same'."],
    ["it's", '--mode forced-thought and eval.forcedThought set to that thought.'],
    ['', 'evaluate with --mode empty-thought.'],
  ])('%j: %s', (thought, control) => {
    const rows = Array.from({length: 9}, () => rowOf(' 18', {completion_text: `${thought}</think>`}))
    expect(diagnose(summarizeRollouts(rows)).at(-1)).toContain(control)
  })
})

describe('groups', () => {
  const step = [
    [1, 0],
    [0, 0],
    [1, 1],
  ].flatMap((right, group) => right.map((one) => rowOf(' 17', {group, correct: one === 1})))

  it('are all right only where every completion is, whatever the rewards are', () => {
    const statistics = summarizeRollouts(step)
    expect(statistics.group_counts).toEqual({mixed: 0, all_wrong: 1, all_right: 1, equal_rewards: 1})
    expect(statistics.groups_all_right).toBeCloseTo(1 / 3)
    expect(diagnose(statistics)).toContainEqual(
      expect.stringMatching(/^33\.3% of groups have right and wrong answers of equal reward.*reward\.terms/),
    )
  })

  it('are mixed where rewards differ', () => {
    const paid = step.map((row, i) => ({...row, reward: i}))
    expect(summarizeRollouts(paid)).toMatchObject({groups_mixed: 1, groups_equal_rewards: 0, group_counts: {mixed: 3}})
  })
})

it('the terms of the reward have a mean each', () => {
  const rows = [1, 0, 0, 0].map((correct) => rowOf(' 17', {reward_parts: {correct, overlong: correct - 1}}))
  expect(summarizeRollouts(rows).mean_reward_parts).toEqual({correct: 0.25, overlong: -0.75})
})
