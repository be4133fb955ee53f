import {lossOf} from '../../grpo/losses.js'
import {checkFinite} from '../../runtime/finite.js'
import type {TensorData} from '../../runtime/session.js'
import {NumericError} from '../../util/errors.js'
import {maxOf} from '../../util/extremes.js'
import {type Tell, tellNobody} from '../../util/tell.js'
import {policyContexts} from '../graphs/shapes.js'
import {rowCounts} from '../segments/row-layout.js'
import type {SessionCache} from '../sessions/session-cache.js'
import type {AppliedGradients, ModelState, Weights} from '../state/model-state.js'
import {completionRatios} from './completion-ratios.js'
import {rowBatches} from './language-model-update.js'
import {layOut, microBatches, type Slot} from './micro-batches.js'
import {openUpdate} from './open-update.js'
import type {PolicyRequest} from './policy-request.js'

/** What one GRPO update did. */
export interface PolicyUpdate extends AppliedGradients {
  /** Of the policy, and of the rows beside it with their weight. */
  readonly loss: number
  /** Largest |policy - old| log-probability; on-policy it is the disagreement of rollout and trainer. */
  readonly mismatchMax: number
  /** Mean entropy of the policy over the tokens looked at, nats; null where there were none. */
  readonly entropy: number | null
  /** Share of tokens that the clip range keeps from adding more to the gradient; null where there were none. */
  readonly clipFraction: number | null
  /** Mean k3 estimate to the reference; null without a reference. */
  readonly kl: number | null
  /** Tokens looked at: those of groups that carry signal. */
  readonly trainedTokens: number
}

/**
 * One GRPO update: gradients of all micro-batches summed, clipped, one AdamW step.
 *
 * Groups whose advantages are all 0 add nothing to the gradient and are left out, unless the KL or entropy term needs
 * them. Where no group is left there is no update: AdamW on a gradient of 0 would still move the weights, by its moments
 * and by decay.
 *
 * @param reference weights of the frozen reference; needed where klCoef is not 0
 * @param isOnPolicy whether the weights are still those that sampled: the mismatch gate holds only then
 * @returns what was done, or null where there was nothing to learn from: weights, moments and the count of updates stay
 * @throws {NumericError} when loss or gradient is not finite, or the mismatch exceeds its limit; weights are untouched
 */
export async function updatePolicy(
  state: ModelState,
  sessions: SessionCache,
  request: PolicyRequest,
  reference: Weights | null,
  isOnPolicy: boolean,
  tell: Tell = tellNobody,
): Promise<PolicyUpdate | null> {
  const {objective, temperature} = request
  const {kind, clip} = lossOf(objective)
  const isOfCompletions = kind.ratioOf === 'completion'
  // On-policy the weights are those that sampled: their log-probabilities are known.
  const needsCurrent = isOfCompletions && !isOnPolicy
  const totals: Totals = {loss: 0, mismatchMax: 0, entropy: 0, clipped: 0, kl: 0, trainedTokens: 0}
  const batches = microBatches(request)
  const rows = request.joint ? rowBatches(request.joint).laidOut : []
  if (batches.length + rows.length === 0) return null
  const contexts = policyContexts(batches.flat().length, request.contextsPerMicroBatch)
  state.forgetGradients()
  const laidOut = batches.map((batch) => layOut(batch, contexts))
  const mostRows = maxOf([
    ...laidOut.map(({shape}) => rowCounts(shape).all),
    ...rows.map(({shape}) => shape.rows * shape.length),
  ])
  let where = ''
  const update = openUpdate(request.mode, {
    ...{state, sessions, mostRows},
    tell: (words) => tell(`${where}, ${words}`),
  })
  for (const [index, {slots, ...micro}] of laidOut.entries()) {
    where = `update, micro-batch ${index + 1}/${batches.length}`
    tell(where)
    const ref = reference ? await update.logprobsUnder(reference, micro, temperature) : null
    const current = needsCurrent ? await update.logprobsUnder(state.weights, micro, temperature) : null
    const ratios: RatioInputs = isOfCompletions ? ratioInputs(slots, micro.inputs, current) : {}
    const inputs = {...micro.inputs, ...ratios, ...(ref && {ref_logprobs: ref})}
    const {loss, policyLogprobs: policy, entropy} = await update.policy({...micro, inputs}, temperature, objective)
    totals.loss += loss
    totals.trainedTokens += slots.length
    slots.forEach(({old, advantage}, i) => {
      const ratio = ratios.completion_ratios?.[i] ?? Math.exp(policy[i] - old)
      totals.mismatchMax = Math.max(totals.mismatchMax, Math.abs(policy[i] - old))
      totals.entropy += entropy[i]
      if (kind.isClipped(ratio, advantage, clip)) totals.clipped++
      if (ref) totals.kl += Math.exp(ref[i] - policy[i]) - (ref[i] - policy[i]) - 1
    })
  }
  for (const [index, batch] of rows.entries()) {
    where = `update, rows, micro-batch ${index + 1}/${rows.length}`
    tell(where)
    totals.loss += await update.languageModel(batch)
  }
  checkFinite([totals.loss], () => 'the GRPO loss', state.lossScale !== null, [])
  if (isOnPolicy && totals.mismatchMax > request.mismatchLimit) throw mismatchError(totals.mismatchMax, request)
  tell('update, optimizer')
  return updateOf(totals, await state.applyGradients(request.optimizer), reference !== null)
}

/** Sums over the tokens of an update. */
interface Totals {
  loss: number
  mismatchMax: number
  entropy: number
  clipped: number
  kl: number
  trainedTokens: number
}

function updateOf(totals: Totals, applied: AppliedGradients, hasReference: boolean): PolicyUpdate {
  const {loss, mismatchMax, trainedTokens} = totals
  const mean = (total: number) => (trainedTokens > 0 ? total / trainedTokens : null)
  return {
    ...{loss, ...applied, mismatchMax, trainedTokens},
    entropy: mean(totals.entropy),
    clipFraction: mean(totals.clipped),
    kl: hasReference ? mean(totals.kl) : null,
  }
}

function mismatchError(mismatch: number, {mismatchLimit}: PolicyRequest): NumericError {
  return new NumericError(
    `sampler and trainer disagree by ${mismatch.toExponential(2)} on a log-probability; the limit is ${mismatchLimit}`,
    {suggestions: ['raise grpo.mismatchLimit if this device computes in lower precision']},
  )
}

interface RatioInputs {
  readonly old_logprobs?: Float32Array
  readonly completion_ratios?: Float32Array
}

/** Of losses that count whole completions: the policy's own log-probabilities in place of the old ones, and the ratios. */
function ratioInputs(
  slots: readonly Slot[],
  inputs: Readonly<Record<string, TensorData>>,
  current: Float32Array | null,
): RatioInputs {
  const policy = current ?? (inputs.old_logprobs as Float32Array)
  return {old_logprobs: policy, completion_ratios: completionRatios(slots, policy)}
}
