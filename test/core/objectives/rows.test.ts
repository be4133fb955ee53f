import {describe, expect, it} from 'vitest'
import {configSchema} from '../../../src/core/config/schema.js'
import {updateFlops} from '../../../src/core/models/flops.js'
import {shapeOf, type TrainingContext} from '../../../src/core/objectives/objective.js'
import {startRows} from '../../../src/core/objectives/rows/rows.js'
import {silentProgress} from '../../../src/core/util/progress.js'
import {tinyModel} from '../../support/tiny-model.js'

const config = configSchema.parse({train: {batchRows: 2, rowsPerMicroBatch: 2}})
const shape = shapeOf(tinyModel(), {parameterCount: 10_000})
const rowAt = (visit: number) => ({ids: new Int32Array(5 + 3 * visit), trainedFrom: 1 + 2 * visit})

/** A step on rows of 5 and 8 tokens whose update has that result. */
function stepWith(update: object | null) {
  const engine = {updateLanguageModel: async () => update}
  const training = {config, engine, shape, updateMode: 'whole', progress: silentProgress}
  return startRows(training as unknown as TrainingContext, rowAt).step(1, {visits: 0}, () => undefined)
}

describe('a step on rows', () => {
  it('takes compute for every token but the last of a row, which is a target only, and for logits of targets alone', async () => {
    const {flopsUpdate, flopsGeneration} = await stepWith({loss: 1, gradNorm: 1, lossScale: null, trainedTokens: 11})
    const rows = [
      {promptTokens: 1, completionTokens: [4]},
      {promptTokens: 3, completionTokens: [5]},
    ]
    expect([flopsUpdate, flopsGeneration]).toEqual([updateFlops(shape, rows), 0])
  })

  it('takes none where no row has a token to learn from, and the rows are visited all the same', async () => {
    const {flopsUpdate, visits, tokens, measures} = await stepWith(null)
    expect([flopsUpdate, visits, tokens, measures.updates]).toEqual([0, 2, 0, 0])
  })
})
