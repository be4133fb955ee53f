import {join} from 'node:path'
import {readCompletions} from '../../src/core/corpus/completions.js'
import {type GroupLengths, type ModelShape, updateFlops} from '../../src/core/models/flops.js'
import {parameterCount} from '../../src/core/models/parameters.js'
import {shapeOf} from '../../src/core/objectives/objective.js'
import {lengthsOf} from '../../src/core/objectives/rows/rows.js'
import {readModel} from '../../src/core/runs/model-place.js'
import {resolveModel} from '../../src/core/runs/resolve-model.js'
import {documentsTable, readRows} from '../../src/core/tables/index.js'
import {loadTokenizer} from '../../src/core/tokenizer/tokenizer.js'

/** The shape of a run's model. */
export async function shapeOfRun(run: string): Promise<ModelShape> {
  const model = await readModel(await resolveModel(run))
  return shapeOf(model, {parameterCount: parameterCount(model)})
}

/** Steps of rows drawn from those of the given lengths that cost so many FLOPs. */
export function stepsFor(flops: number, shape: ModelShape, lengths: readonly GroupLengths[], batchRows: number) {
  const each = updateFlops(shape, lengths) / lengths.length
  return Math.round(flops / (batchRows * each))
}

/** Lengths of the rows that objective ntp makes of the training documents, their end token included. */
export function documentLengths(data: string): GroupLengths[] {
  const rows = [...readRows(join(data, 'documents.arrow'), documentsTable)]
  const documents = rows.filter(({partition}) => partition === 'train')
  return documents.map(({token_ids}) => ({promptTokens: 1, completionTokens: [token_ids.length]}))
}

/** Lengths of the rows that objective sft makes of a file. */
export async function completionLengths(file: string, run: string): Promise<GroupLengths[]> {
  const {folder} = await resolveModel(run)
  const tokenizer = await loadTokenizer(folder)
  const rows = await readCompletions(file, {tokenizer, chatTemplate: null, maxTokens: Number.POSITIVE_INFINITY})
  return rows.map(lengthsOf)
}
