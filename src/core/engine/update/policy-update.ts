import {addsToGradient, type ObjectiveSettings} from '../../grpo/objective.js'
import type {Completion, TokenSpan} from '../../records/records.js'
import {NumericError} from '../../util/errors.js'
import {maxOf} from '../../util/extremes.js'
import {type Tell, tellNobody} from '../../util/tell.js'
import {byLength, chunks} from '../graphs/bucket.js'
import {type PolicyShape, policyGraph} from '../graphs/policy.js'
import {policyContexts, policyShape} from '../graphs/shapes.js'
import type {SessionCache} from '../sessions/session-cache.js'
import type {ModelState, OptimizerSettings, Weights} from '../state/model-state.js'

/** A prompt with its G completions and their advantages. */
export interface PolicyGroup {
  readonly promptIds: Int32Array
  readonly completions: readonly Completion[]
  readonly advantages: readonly number[]
  /** Tokens of each completion that are trained; all of them when absent. */
  readonly spans?: readonly TokenSpan[]
}

/** The groups of one GRPO update and its settings. */
export interface PolicyRequest {
  readonly groups: readonly PolicyGroup[]
  readonly temperature: number
  readonly objective: ObjectiveSettings
  /** Mean over all tokens of the request, or mean over completions of their means. */
  readonly lossNormalizer: 'token' | 'sequence'
  readonly contextsPerMicroBatch: number
  readonly mismatchLimit: number
  readonly optimizer: OptimizerSettings
}

/** What one GRPO update did. */
export interface PolicyUpdate {
  readonly loss: number
  readonly gradNorm: number
  /** Largest |policy - old| log-probability; on-policy it is the disagreement of rollout and trainer. */
  readonly mismatchMax: number
  /** Mean entropy of the policy over the tokens looked at, nats. */
  readonly entropy: number
  /** Share of tokens whose clipped ratio is the smaller term. */
  readonly clipFraction: number
  /** Mean k3 estimate to the reference; null without a reference. */
  readonly kl: number | null
  /** Tokens looked at: those of groups that carry signal. */
  readonly trainedTokens: number
}

/** One token of one completion of a micro-batch. */
interface Slot {
  /** Among the completion rows. */
  readonly row: number
  readonly target: number
  readonly old: number
  readonly advantage: number
  readonly weight: number
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
  const totals = {loss: 0, mismatchMax: 0, entropy: 0, clipped: 0, kl: 0, trainedTokens: 0}
  const batches = microBatches(request)
  if (batches.length === 0) return null
  const contexts = policyContexts(batches.flat().length, request.contextsPerMicroBatch)
  state.forgetGradients()
  for (const [index, batch] of batches.entries()) {
    tell(`update, micro-batch ${index + 1}/${batches.length}`)
    const {shape, slots, inputs} = layOut(batch, contexts)
    const build = () => policyGraph(state.config, shape, temperature, objective)
    const session = await sessions.get('policy', {...shape, temperature, ...objective}, build)
    const feeds = {...state.feeds(shape.contextLength + shape.completionLength), ...inputs}
    const ref = reference ? await referenceLogprobs(state, sessions, shape, temperature, feeds, reference) : null
    const outputs = await session.run(ref ? {...feeds, ref_logprobs: ref} : feeds)
    state.accumulate(outputs)
    const policy = outputs.policy_logprobs as Float32Array
    totals.loss += Number(outputs.loss[0])
    totals.trainedTokens += slots.length
    slots.forEach(({old, advantage}, i) => {
      const ratio = Math.exp(policy[i] - old)
      totals.mismatchMax = Math.max(totals.mismatchMax, Math.abs(policy[i] - old))
      totals.entropy += Number(outputs.entropy[i])
      if (isClipped(ratio, advantage, objective.clipEpsilon)) totals.clipped++
      if (ref) totals.kl += Math.exp(ref[i] - policy[i]) - (ref[i] - policy[i]) - 1
    })
  }
  if (!Number.isFinite(totals.loss)) throw new NumericError(`the GRPO loss is ${totals.loss}; expected a finite number`)
  if (isOnPolicy && totals.mismatchMax > request.mismatchLimit) throw mismatchError(totals.mismatchMax, request)
  tell('update, optimizer')
  return {
    loss: totals.loss,
    gradNorm: state.applyGradients(request.optimizer),
    mismatchMax: totals.mismatchMax,
    entropy: totals.entropy / totals.trainedTokens,
    clipFraction: totals.clipped / totals.trainedTokens,
    kl: reference ? totals.kl / totals.trainedTokens : null,
    trainedTokens: totals.trainedTokens,
  }
}

function mismatchError(mismatch: number, {mismatchLimit}: PolicyRequest): NumericError {
  return new NumericError(
    `rollout and trainer disagree by ${mismatch.toExponential(2)} on a log-probability; the limit is ${mismatchLimit}`,
    {suggestions: ['raise grpo.mismatchLimit if this device computes in lower precision']},
  )
}

function isClipped(ratio: number, advantage: number, epsilon: number): boolean {
  return advantage > 0 ? ratio > 1 + epsilon : advantage < 0 && ratio < 1 - epsilon
}

/** A group with the loss weight of each of its completions' tokens. */
interface WeightedGroup extends PolicyGroup {
  readonly tokenWeights: readonly number[]
}

/** The groups to be computed, weighted by the whole step's normaliser, in micro-batches of similar prompt length. */
function microBatches({groups, objective, lossNormalizer, contextsPerMicroBatch}: PolicyRequest): WeightedGroup[][] {
  const lengths = groups.flatMap((group) => spansOf(group).map(({from, to}) => to - from))
  const tokens = lengths.reduce((sum, length) => sum + length, 0)
  const weightOf = {
    token: () => 1 / tokens,
    sequence: ({from, to}: TokenSpan) => 1 / (lengths.length * (to - from)),
  }[lossNormalizer]
  const weighted = groups.map((group) => ({...group, tokenWeights: spansOf(group).map(weightOf)}))
  const computed = weighted.filter(({advantages}) => addsToGradient(advantages, objective))
  const order = byLength(computed.map((group) => group.promptIds.length))
  return chunks(order, contextsPerMicroBatch).map((indices) => indices.map((index) => computed[index]))
}

/** The trained tokens of each completion of a group. */
function spansOf({completions, spans}: PolicyGroup): readonly TokenSpan[] {
  return spans ?? completions.map(({ids}) => ({from: 0, to: ids.length}))
}

/** Packs groups into the row order of `policyGraph`: contexts first, then completions, each padded on the right. */
function layOut(groups: readonly WeightedGroup[], contexts: number) {
  const groupSize = groups[0].completions.length
  const completionTokens = groups.flatMap((group) => group.completions.map(({ids}) => ids.length))
  const shape = policyShape({
    contexts,
    groupSize,
    promptTokens: maxOf(groups.map((group) => group.promptIds.length)),
    completionTokens: maxOf(completionTokens),
    trainedTokens: groups.flatMap(spansOf).reduce((sum, {from, to}) => sum + to - from, 0),
  })
  const {contextLength, completionLength, trained} = shape
  const completionStart = contexts * contextLength
  const ids = new BigInt64Array(completionStart + contexts * groupSize * completionLength)
  const positions = new BigInt64Array(ids.length)
  const contextLengths = new BigInt64Array(contexts)
  const slots: Slot[] = []
  groups.forEach((group, p) => {
    const context = group.promptIds.subarray(0, -1)
    contextLengths[p] = BigInt(context.length)
    for (let t = 0; t < contextLength; t++) {
      ids[p * contextLength + t] = BigInt(context[t] ?? 0)
      positions[p * contextLength + t] = BigInt(t)
    }
    const spans = spansOf(group)
    group.completions.forEach((completion, g) => {
      const start = (p * groupSize + g) * completionLength
      completion.ids.forEach((target, t) => {
        ids[completionStart + start + t] = BigInt(t === 0 ? group.promptIds.at(-1)! : completion.ids[t - 1])
        positions[completionStart + start + t] = BigInt(context.length + t)
        if (t < spans[g].from || t >= spans[g].to) return
        const old = completion.oldLogprobs[t]
        slots.push({row: start + t, target, old, advantage: group.advantages[g], weight: group.tokenWeights[g]})
      })
    })
  })
  const fill = (read: (slot: Slot) => number) =>
    Float32Array.from({length: trained}, (_, i) => (slots[i] ? read(slots[i]) : 0))
  const fillIndex = (read: (slot: Slot) => number) =>
    BigInt64Array.from({length: trained}, (_, i) => BigInt(slots[i] ? read(slots[i]) : 0))
  const inputs = {
    ids,
    positions,
    context_lengths: contextLengths,
    trained_rows: fillIndex((slot) => slot.row),
    targets: fillIndex((slot) => slot.target),
    old_logprobs: fill((slot) => slot.old),
    advantages: fill((slot) => slot.advantage),
    completion_mask: fill(() => 1),
    token_weights: fill((slot) => slot.weight),
  }
  return {shape, slots, inputs}
}

async function referenceLogprobs(
  state: ModelState,
  sessions: SessionCache,
  shape: PolicyShape,
  temperature: number,
  feeds: Awaited<ReturnType<ModelState['feeds']>>,
  reference: Weights,
): Promise<Float32Array> {
  const session = await sessions.get('reference', {...shape, temperature}, () =>
    policyGraph(state.config, shape, temperature),
  )
  const outputs = await session.run({...feeds, ...Object.fromEntries(reference)})
  return outputs.policy_logprobs as Float32Array
}
