import {describe, expect, it} from 'vitest'
import {diagnose, type RolloutStatistics, summarizeRollouts} from '../../../src/core/report/diagnose.js'
import type {RolloutRow} from '../../../src/core/tables/index.js'

/** A wrong completion of a group, where ` 17 pens.` follows in three tokens. */
function rowOf(prediction: string, changes: Partial<RolloutRow> = {}): RolloutRow {
  const row = {
    task: 'next-token',
    group: 0,
    completion_ids: new Int32Array(3),
    completion_text: `${prediction}</think>`,
    outcome: 'parsed',
    prediction: Buffer.from(prediction),
    truth: Buffer.from(' 17 pens.'),
    boundaries: Int32Array.of(3, 8, 9),
    reward: 0,
    advantage: 0,
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
    ['17 p', 'other'],
    [' 17 ', 'extra-space'],
    [' 17x', 'other'],
    [' 17 p', 'inside-token'],
    [' 18', 'other'],
  ] as const)('%j: %s', (prediction, loss) => {
    const {losses} = summarizeRollouts([rowOf(prediction)])
    expect(Object.entries(losses).filter(([, share]) => share > 0)).toEqual([[loss, 1]])
  })

  it('of a question is not told in terms of tokens', () => {
    const lossesOf = (prediction: string) => {
      const truth = {truth: Buffer.from('18'), boundaries: new Int32Array(), task: 'questions'}
      const {losses} = summarizeRollouts([rowOf(prediction, truth)])
      return Object.keys(losses).filter((name) => losses[name as keyof typeof losses] > 0)
    }
    expect(['1', '18 ', '19'].map(lossesOf)).toEqual([['other'], ['other'], ['other']])
    expect(lossesOf('')).toEqual(['empty'])
  })

  it('is told as a share of all completions, and of none that is right or has no prediction', () => {
    const others = [rowOf(' 17', {correct: true}), rowOf('', {outcome: 'truncated', prediction: null})]
    const {losses} = summarizeRollouts([rowOf('17'), rowOf('17 pens'), ...others])
    expect(losses).toEqual({empty: 0, 'missing-space': 0.5, 'extra-space': 0, 'inside-token': 0, other: 0})
  })
})

describe('what stands in the way of learning', () => {
  const fine: RolloutStatistics = {
    ...summarizeRollouts([rowOf(' 17', {correct: true})]),
    groups_mixed: 1,
    groups_all_right: 0,
    groups_idle: {mixed: 0, all_wrong: 0, all_right: 0, equal_rewards: 0},
  }
  const idle = (kind: string) => (share: number) => ({groups_idle: {...fine.groups_idle, [kind]: share}})
  const outcome = (name: string) => (share: number) => ({outcomes: {...fine.outcomes, [name]: share}})
  const loss = (name: string) => (share: number) => ({losses: {...fine.losses, [name]: share}})

  it.each<[number, (share: number) => Partial<RolloutStatistics>, RegExp]>([
    [0.5, idle('all_wrong'), /all-wrong: nothing is learned from them/],
    [0.5, idle('all_right'), /all-right: nothing is left to learn/],
    [0.1, idle('equal_rewards'), /right and wrong answers of equal reward/],
    [0.1, outcome('truncated'), /cut at the limit/],
    [0.2, outcome('unfinished-thinking'), /never close their thought/],
    [0.2, outcome('no-box'), /no \\boxed/],
    [0.05, loss('missing-space'), /with a leading space/],
    [0.05, loss('extra-space'), /without a space at the end/],
    [0.05, loss('inside-token'), /end inside a token/],
    [0.05, loss('empty'), /have an empty box/],
  ])('is said beyond a share of %d', (share, changes, line) => {
    const said = (seen: number) => diagnose({...fine, ...changes(seen)}).slice(1)
    expect(said(share)).toEqual(['Nothing else stands out.'])
    expect(said(share + 0.01)).toEqual([expect.stringMatching(line)])
  })
})

it('what to do names the settings of the task', () => {
  const said = (task: string, outcome: RolloutRow['outcome'], correct: boolean) =>
    diagnose(summarizeRollouts([rowOf('18', {task, outcome, correct})])).join('\n')
  for (const [task, items, harder, template] of [
    ['next-token', 'positions', /Raise data\.selectThreshold/, /try another prompt\.template or/],
    ['questions', 'questions', /Take harder questions/, /try another prompt\.questionTemplate or/],
  ] as const) {
    expect(said(task, 'unfinished-thinking', false)).toMatch(template)
    expect(said(task, 'no-box', false)).toContain(`or easier ${items}.`)
    expect(said(task, 'parsed', true)).toMatch(harder)
  }
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
    ['x'.repeat(200), `--mode forced-thought and --set 'eval.forcedThought=${'x'.repeat(200)}'.`],
    ['x'.repeat(201), '--mode forced-thought and eval.forcedThought set to that thought.'],
    [' the same ', "--set 'eval.forcedThought= the same '."],
    ['the same\n', `--set 'eval.forcedThought="the same\\n"'.`],
    ['"the same"', `--set 'eval.forcedThought="\\"the same\\""'.`],
    [' null', `--set 'eval.forcedThought=" null"'.`],
    ['\n', `--set 'eval.forcedThought="\\n"'.`],
    ['x'.repeat(201), `the same text, "${'x'.repeat(60)}": reward`],
  ])('%j: %s', (thought, control) => {
    const rows = Array.from({length: 9}, () => rowOf(' 18', {completion_text: `${thought}</think>`}))
    expect(diagnose(summarizeRollouts(rows)).at(-1)).toContain(control)
  })
})

it('the control is the thought as it was written most often, the display is trimmed', () => {
  const written = [' so', ' so', 'so\n', 'so', ' so', 'other', ' so\n', 'so', 'so\n']
  const rows = written.map((thought) => rowOf(' 18', {completion_text: `<think>${thought}</think>`}))
  expect(diagnose(summarizeRollouts(rows)).at(-1)).toMatch(
    /^88\.9% .* text, "so": .*--set 'eval\.forcedThought= so'\.$/,
  )
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

  it('are learned from where an advantage is not 0, as all with a right answer are by rejection', () => {
    const rejection = step.map((row) => ({...row, reward: Number(row.correct), advantage: Number(row.correct)}))
    const statistics = summarizeRollouts(rejection)
    expect(statistics).toMatchObject({
      group_counts: {mixed: 1, all_wrong: 1, all_right: 1},
      groups_idle: {mixed: 0, all_wrong: 1 / 3, all_right: 0, equal_rewards: 0},
    })
    const allRight = rejection.filter(({group}) => group === 2)
    expect(diagnose(summarizeRollouts(allRight))).toEqual([
      '0.0% of 1 group carry signal (rewards differ); 100.0% are learned from.',
      'Nothing else stands out.',
    ])
    const compared = allRight.map((row) => ({...row, advantage: 0}))
    expect(diagnose(summarizeRollouts(compared))).toEqual([
      '0.0% of 1 group carry signal (rewards differ); 0.0% are learned from.',
      expect.stringMatching(/^100\.0% of groups all-right: nothing is left to learn/),
    ])
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
