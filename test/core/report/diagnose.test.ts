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
