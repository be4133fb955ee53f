import {describe, expect, it} from 'vitest'
import type {Outcome} from '../../../src/core/records/records.js'
import {type MetricsRow, metricsTable, nullsOf} from '../../../src/core/tables/index.js'
import {noSignalLine, updatesOf} from '../../../src/core/training/no-signal.js'

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
    const line = noSignalLine(rows, 8)
    expect(line).toMatch(/^train: the weights are those of the start: none of 12 groups .* 83% of completions are /)
    expect(line).toMatch(text)
  })

  it('is not there where one step had some, or none was taken', () => {
    const live = deadStep(2, 8, 'parsed', {'rpt/updates': 1, 'rpt/rollouts_per_kept_group': 8})
    expect(noSignalLine([deadStep(1, 8, 'parsed'), live], 8)).toBe(null)
    expect(noSignalLine([], 8)).toBe(null)
    expect(noSignalLine([deadStep(4, 8, 'parsed')], 8), 'steps 1 to 3 are lost').toBe(null)
    expect(updatesOf([live, deadStep(1, 8, 'parsed'), live])).toBe(2)
  })

  it('is about targets where rows are trained on, and a skipped update had some', () => {
    const rows = (skipped: number) => [
      deadStep(1, 0, 'parsed', {'rpt/rollouts_generated': null, 'rpt/updates_skipped': skipped}),
    ]
    expect(noSignalLine(rows(0), 8)).toMatch(/no row of 1 steps had a token to learn from/)
    expect(noSignalLine(rows(1), 8)).toBe(null)
  })
})
