import {describe, expect, it} from 'vitest'
import {configSchema} from '../../../src/core/config/schema.js'
import {updateFlops} from '../../../src/core/models/flops.js'
import {shapeOf, type TrainingContext} from '../../../src/core/objectives/objective.js'
import {documentRows, startRows} from '../../../src/core/objectives/rows/rows.js'
import type {PreparedData} from '../../../src/core/prepared/prepared.js'
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

describe('rows of documents', () => {
  /** Documents of so many tokens, all 5, of which those named go on. */
  function rowsOf(lengths: readonly number[], goingOn: readonly number[], maxPositions = 8) {
    const documents = {
      length: lengths.length,
      lengths: Int32Array.from(lengths),
      goesOn: Uint8Array.from(lengths, (_, index) => Number(goingOn.includes(index))),
      at: (index: number) => ({tokenIds: new Int32Array(lengths[index]).fill(5)}),
    }
    const data = {folder: 'data', documents: {in: () => documents}, manifest: {files: {}}} as unknown as PreparedData
    const model = tinyModel({max_position_embeddings: maxPositions, eos_token_id: 2})
    const {rowAt: row, ...rest} = documentRows(configSchema.parse({train: {maxRowTokens: 100}}), model, data)
    const rows = lengths.map((_, visit) => [...row(visit).ids].join('')).sort()
    return {rows, ...rest}
  }

  it('end in the end token, unless the text goes on behind the piece', () => {
    expect(rowsOf([4, 4, 3], [0, 1])).toEqual({rows: ['5552', '5555', '5555'], longest: 4, cut: null})
    expect(rowsOf([4, 4, 3], [])).toEqual({rows: ['5552', '55552', '55552'], longest: 5, cut: null})
  })

  it('lose no token where a piece that goes on fills the row', () => {
    expect(rowsOf([9, 3], [0])).toEqual({rows: ['5552', '555555555'], longest: 9, cut: null})
    expect(rowsOf([9, 3], []).cut).toMatchObject({cut: 1, of: 2, tokens_left_out: 1})
  })
})
