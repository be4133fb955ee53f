import {describe, expect, it} from 'vitest'
import type {Outcome} from '../../../src/core/records/records.js'
import {type MetricsRow, metricsTable, nullsOf} from '../../../src/core/tables/index.js'
import {noSignalLine, type SignalSettings, updatesOf} from '../../../src/core/training/no-signal.js'

/** Groups of 8 under these terms. */
function settings(...terms: NonNullable<SignalSettings['reward']['terms']>): SignalSettings {
  return {grpo: {groupSize: 8}, reward: {terms: terms.length > 0 ? terms : undefined}, train: {objective: 'rpt'}}
}

/** A step of that many completions without signal, all of one outcome. */
function deadStep(step: number, completions: number, outcome: Outcome, changes: Partial<MetricsRow> = {}): MetricsRow {
  return {
    ...nullsOf(metricsTable),
    step,
    wall_seconds: 0,
    reward: 0,
    'rpt/updates': 0,
    'rpt/outcome_parsed': 0,
    'rpt/outcome_no-box': 0,
    'rpt/outcome_unfinished-thinking': 0,
    'rpt/outcome_truncated': 0,
    [`rpt/outcome_${outcome}`]: 1,
    'rpt/rollouts_generated': completions,
    ...changes,
  }
}

describe('the line of a run without signal', () => {
  it.each([
    ['truncated', {}, /truncated: raise rollout\.maxTokens$/],
    ['unfinished-thinking', {}, /unfinished-thinking: .*prompt\.template/],
    ['no-box', {}, /no-box: .*prompt\.template/],
    ['parsed', {}, /parsed: none was right; try easier positions/],
    ['parsed', {reward: 0.25, 'rpt/correct': 0.25}, /parsed: each group is all right or all wrong/],
  ] as const)('names the commonest outcome of all completions and what to try: %s %j', (outcome, changes, text) => {
    const other = outcome === 'no-box' ? 'parsed' : 'no-box'
    // Twice as many steps of the other outcome, but fewer completions.
    const rows = [deadStep(1, 8, other, changes), deadStep(2, 80, outcome, changes), deadStep(3, 8, other, changes)]
    const line = noSignalLine(rows, settings())
    expect(line).toMatch(/^train: the weights are those of the start: none of 12 groups .* 83% of completions are /)
    expect(line).toMatch(text)
  })

  it('of a loss that learns from right completions says that there was none, whatever the weights are', () => {
    const given = settings({name: 'correct', weight: 1}, {name: 'overlong', weight: -1})
    const rejection: SignalSettings = {...given, grpo: {groupSize: 8, loss: 'rejection'}}
    expect(noSignalLine([deadStep(1, 8, 'parsed', {reward: 0.5})], rejection)).toMatch(
      /none of 1 groups had a right completion \(mean reward 0\.500\)\. 100% of completions are parsed: none was right/,
    )
  })

  it.each([
    [['correct', 2], [], 0.25, /each group is all right or all wrong/],
    [['first-token', 1], [], 0.25, /in each group all rewards are equal, whether right or wrong/],
    [['missing-answer', 1], [], 0.25, /no term of reward\.terms \(missing-answer 1\) pays for right answers/],
    [['missing-answer', 1], ['correct', 0], 0, /no term of reward\.terms \(missing-answer 1\) pays for right answers/],
    [['correct', 1], ['missing-answer', 1], 0, /none was right/],
    [['correct', 1], ['overlong', 2], 0.25, /in each group all rewards are equal, whether right or wrong/],
    [['correct', 1], ['prefix-match', -1], 0.25, /sum to 0 \(correct 1, prefix-match -1\), so terms can cancel/],
    [['correct', 0], ['overlong', 0], 0.25, /all weights of reward\.terms are 0, so every reward is 0/],
  ] as const)('knows what the terms pay for: %j %j, %d right', (first, second, right, text) => {
    const terms = [first, second].flatMap(([name, weight]) => (name ? [{name, weight}] : []))
    const line = noSignalLine([deadStep(1, 8, 'parsed', {'rpt/correct': right})], settings(...terms))
    expect(line).toMatch(text)
    expect(line!.includes('all right or all wrong')).toBe(text.source.includes('all right or'))
  })

  it.each([
    ['unfinished-thinking', 0, /try another prompt\.questionTemplate/],
    ['no-box', 0, /try another prompt\.questionTemplate/],
    ['parsed', 0, /try easier questions/],
    ['parsed', 0.25, /take harder questions$/],
  ] as const)('speaks of questions where the run asks them: %s, %d right', (outcome, right, text) => {
    const asked: SignalSettings = {...settings(), train: {objective: 'rlvr'}}
    expect(noSignalLine([deadStep(1, 8, outcome, {'rpt/correct': right})], asked)).toMatch(text)
  })

  it('says where the other terms of the loss moved the weights all the same', () => {
    const rows = [deadStep(1, 8, 'parsed', {'rpt/updates': 1}), deadStep(2, 8, 'parsed')]
    expect(noSignalLine(rows, settings())).toMatch(
      /^train: the weights moved by the KL, entropy and next-token terms alone: /,
    )
  })

  it('is not there where one step had some, or none was taken', () => {
    const live = deadStep(2, 8, 'parsed', {'rpt/updates': 1, 'rpt/rollouts_per_kept_group': 8})
    expect(noSignalLine([deadStep(1, 8, 'parsed'), live], settings())).toBe(null)
    expect(noSignalLine([], settings())).toBe(null)
    expect(noSignalLine([deadStep(4, 8, 'parsed')], settings()), 'steps 1 to 3 are lost').toBe(null)
    expect(updatesOf([live, deadStep(1, 8, 'parsed'), live])).toBe(2)
  })

  it('is about targets where rows are trained on, and a skipped update had some', () => {
    const rows = (skipped: number) => [
      deadStep(1, 0, 'parsed', {'rpt/rollouts_generated': null, 'rpt/updates_skipped': skipped}),
    ]
    expect(noSignalLine(rows(0), settings())).toMatch(/no row of 1 steps had a token to learn from/)
    expect(noSignalLine(rows(1), settings())).toBe(null)
  })
})
