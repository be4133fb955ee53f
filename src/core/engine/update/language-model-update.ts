import type {UpdateModeName} from '../../config/names.js'
import type {TrainingRow} from '../../records/records.js'
import {checkFinite} from '../../runtime/finite.js'
import {chunksOf} from '../../util/chunks-of.js'
import {maxOf} from '../../util/extremes.js'
import {sumOf} from '../../util/means.js'
import {type Tell, tellNobody} from '../../util/tell.js'
import type {LanguageModelShape} from '../graphs/language-model.js'
import {paddedRows} from '../graphs/padded-rows.js'
import {languageModelShape} from '../graphs/shapes.js'
import type {SessionCache} from '../sessions/session-cache.js'
import type {AppliedGradients, ModelState, OptimizerSettings} from '../state/model-state.js'
import {openUpdate} from './open-update.js'
import type {JointRows} from './policy-request.js'
import type {MicroBatch} from './update-mode.js'

/** The rows of one optimizer step. */
export interface LanguageModelRequest {
  readonly rows: readonly TrainingRow[]
  readonly rowsPerMicroBatch: number
  readonly optimizer: OptimizerSettings
  readonly mode: UpdateModeName
}

/** What one optimizer step did. */
export interface LanguageModelUpdate extends AppliedGradients {
  /** Mean negative log-likelihood of the trained tokens, nats. */
  readonly loss: number
  readonly trainedTokens: number
}

/**
 * One optimizer step of next-token prediction. The loss is a mean over all trained tokens of the step, so that the size
 * of a micro-batch does not change the gradient.
 *
 * @returns what was done, or null where no row has a target: weights, moments and the count of updates stay
 */
export async function updateLanguageModel(
  state: ModelState,
  sessions: SessionCache,
  {rows, rowsPerMicroBatch, optimizer, mode}: LanguageModelRequest,
  tell: Tell = tellNobody,
): Promise<LanguageModelUpdate | null> {
  const {trainedTokens, laidOut} = rowBatches({rows, rowsPerMicroBatch, weight: 1})
  if (trainedTokens === 0) return null
  let loss = 0
  state.forgetGradients()
  const mostRows = maxOf(laidOut.map(({shape}) => shape.rows * shape.length))
  let where = ''
  const update = openUpdate(mode, {state, sessions, mostRows, tell: (words) => tell(`${where}, ${words}`)})
  for (const [index, batch] of laidOut.entries()) {
    where = `update, micro-batch ${index + 1}/${laidOut.length}`
    tell(where)
    loss += await update.languageModel(batch)
  }
  checkFinite([loss], () => 'the loss', state.lossScale !== null, [])
  tell('update, optimizer')
  return {loss, ...(await state.applyGradients(optimizer)), trainedTokens}
}

/** Rows in micro-batches, their tokens weighted so that the losses add up to `weight` times the mean over all trained tokens. */
export function rowBatches({rows, rowsPerMicroBatch, weight}: JointRows) {
  const trainedTokens = targetsIn(rows)
  const laidOut = Array.from(chunksOf(rows, rowsPerMicroBatch), (batch) => layOut(batch, weight / trainedTokens))
  return {trainedTokens, laidOut: trainedTokens > 0 ? laidOut : []}
}

/** Tokens of rows that are predicted. */
function targetsIn(rows: readonly TrainingRow[]): number {
  return sumOf(rows.map(({ids, trainedFrom}) => ids.length - trainedFrom))
}

/** Rows side by side, each padded on the right. */
function layOut(batch: readonly TrainingRow[], weight: number): MicroBatch<LanguageModelShape> {
  const longest = maxOf(batch.map((row) => row.ids.length))
  const shape = languageModelShape(batch.length, longest, targetsIn(batch))
  const {length, trained} = shape
  const fed = batch.map((row) => row.ids.subarray(0, -1))
  const trainedRows = new BigInt64Array(trained)
  const targets = new BigInt64Array(trained)
  const tokenWeights = new Float32Array(trained)
  let slot = 0
  batch.forEach((row, index) => {
    for (let t = row.trainedFrom; t < row.ids.length; t++, slot++) {
      trainedRows[slot] = BigInt(index * length + t - 1)
      targets[slot] = BigInt(row.ids[t])
      tokenWeights[slot] = weight
    }
  })
  return {shape, inputs: {...paddedRows(fed, shape), trained_rows: trainedRows, targets, token_weights: tokenWeights}}
}
