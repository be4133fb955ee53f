import {describe, expect, it} from 'vitest'
import {configSchema} from '../../../src/core/config/schema.js'
import {jointRows} from '../../../src/core/objectives/grpo/joint-rows.js'

const config = (ntpCoef: number) => configSchema.parse({grpo: {ntpCoef}, train: {batchRows: 3, rowsPerMicroBatch: 2}})
const rowAt = (visit: number) => ({ids: Int32Array.from({length: 10 - visit}, () => visit), trainedFrom: 1})

describe('the rows beside the groups of an update', () => {
  it('are the next ones for every update, the shortest first', () => {
    const rowsOf = jointRows(config(0.1), rowAt)
    expect(rowsOf(0)!.rows.map(({ids}) => ids[0])).toEqual([2, 1, 0])
    expect(rowsOf(1)!.rows.map(({ids}) => ids[0])).toEqual([5, 4, 3])
    expect(rowsOf(1)).toMatchObject({rowsPerMicroBatch: 2, weight: 0.1})
  })

  it('are none without a weight', () => {
    expect(jointRows(config(0), rowAt)(0)).toBeUndefined()
  })
})
