import {describe, expect, it} from 'vitest'
import {configSchema} from '../../../src/core/config/schema.js'
import {plainTrainingFlops} from '../../../src/core/models/flops.js'
import {shapeOf, type TrainingContext} from '../../../src/core/objectives/objective.js'
import {startRows} from '../../../src/core/objectives/rows/rows.js'
import {silentProgress} from '../../../src/core/util/progress.js'
import {tinyModel} from '../../support/tiny-model.js'

const config = configSchema.parse({train: {batchRows: 2, rowsPerMicroBatch: 2}})
const shape = shapeOf(tinyModel(), {parameterCount: 10_000})
const rowAt = (visit: number) => ({ids: new Int32Array(5 + 3 * visit), trainedFrom: 1})

/** A step on rows of 5 and 8 tokens whose update has that result. */
function stepWith(update: object | null) {
  const engine = {updateLanguageModel: async () => update}
  const training = {config, engine, shape, updateMode: 'whole', progress: silentProgress}
  return startRows(training as unknown as TrainingContext, rowAt).step(1, {visits: 0}, () => undefined)
}

describe('a step on rows', () => {
  it('takes compute for every token but the last of a row, which is a target only', async () => {
    const {flopsUpdate, flopsGeneration} = await stepWith({loss: 1, gradNorm: 1, lossScale: null, trainedTokens: 11})
    expect([flopsUpdate, flopsGeneration]).toEqual([plainTrainingFlops(shape, [4, 7]), 0])
  })

  it('takes none where no row has a token to learn from, and the rows are visited all the same', async () => {
    const {flopsUpdate, visits, tokens, measures} = await stepWith(null)
    expect([flopsUpdate, visits, tokens, measures.updates]).toEqual([0, 2, 0, 0])
  })
})
