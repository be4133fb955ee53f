import {describe, expect, it} from 'vitest'
import {checkMemory, type MemoryDemand, reportMemory} from '../../../../src/core/engine/memory/check-memory.js'
import {scoringDemand} from '../../../../src/core/engine/memory/score-memory.js'
import {catchError, model, rptWork} from './sample-work.js'

describe('checkMemory', () => {
  const demand: MemoryDemand = {
    work: rptWork(8),
    device: 'cpu',
    sizes: [
      {setting: 'other', value: 4, kinds: ['score'], least: 1, at: () => rptWork(8)},
      {setting: 'grpo.contextsPerMicroBatch', value: 8, kinds: ['policy'], least: 1, at: rptWork},
    ],
  }
  const needed = reportMemory(demand, {check: true, limitGiB: 100}).neededBytes / 2 ** 30

  it('says what is needed, what there is, with graphs of many lengths, and the setting that shrinks the largest class', () => {
    expect(checkMemory('train', demand, {check: true, limitGiB: 100})).toMatch(
      /^memory: about \d+ MiB, (?:\d+ M|\d\.\d\d G)iB with graphs of many lengths, of 100\.00 GiB available; the largest part is .+, \d+ MiB \(\d+%\) \(shrink with grpo\.contextsPerMicroBatch\)$/,
    )
  })

  it('refuses what cannot fit, with a value that fits', () => {
    const limitGiB = needed * 0.9
    const refused = () => checkMemory('train', demand, {check: true, limitGiB})
    expect(refused).toThrow(
      /^train: needs about \d+ MiB of memory, \d+ MiB are available; the largest part is .+, \d+ MiB \(\d+%\)$/,
    )
    const error = catchError(refused)
    expect(error).toMatchObject({exitCode: 2})
    const value = Number(/^lower grpo\.contextsPerMicroBatch from 8 to (\d)$/.exec(error.suggestions[0])?.[1])
    expect(value).toBeGreaterThanOrEqual(1)
    expect(reportMemory({...demand, work: rptWork(value)}, {check: true, limitGiB}).fits).toBe(true)
    expect(error.suggestions[1]).toContain('memory.check=false')
  })

  it('lets it pass when the check is off, and says so', () => {
    expect(checkMemory('train', demand, {check: false, limitGiB: 0.01})).toMatch(/; that is more than there is$/)
  })

  it('says when no single setting is enough', () => {
    expect(catchError(() => checkMemory('train', demand, {check: true, limitGiB: 0.01})).suggestions[0]).toBe(
      'no single setting is enough: lower other, grpo.contextsPerMicroBatch',
    )
  })

  it('names data.batchTokens for scoring, unless one document alone is too long', () => {
    const scoring = scoringDemand(
      model,
      {device: 'cpu', precision: 'float32', data: {topK: 16, batchTokens: 4096}},
      512,
    )
    expect(reportMemory(scoring, {check: true, limitGiB: 100}).setting).toBe('data.batchTokens')
  })
})
