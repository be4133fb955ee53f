import type {NormalizerName} from '../../config/names.js'
import {addsToGradient} from '../../grpo/objective.js'
import type {TokenSpan} from '../../records/records.js'
import {chunksOf} from '../../util/chunks-of.js'
import {maxOf} from '../../util/extremes.js'
import {sumOf} from '../../util/means.js'
import {byLength} from '../graphs/bucket.js'
import type {PolicyShape} from '../graphs/policy.js'
import {policyShape} from '../graphs/shapes.js'
import {cutEvenly} from '../segments/row-layout.js'
import type {PolicyGroup, PolicyRequest} from './policy-request.js'
import type {MicroBatch} from './update-mode.js'

/** One token of one completion of a micro-batch. */
export interface Slot {
  /** Among the completion rows. */
  readonly row: number
  /** Of the micro-batch. */
  readonly completion: number
  readonly target: number
  readonly old: number
  readonly advantage: number
  readonly weight: number
}

/** Completions of a context that are computed together: a whole group, or a part of one. */
export interface WeightedGroup extends PolicyGroup {
  /** Loss weight of each token of a completion. */
  readonly tokenWeights: readonly number[]
}

/** The groups to be computed, weighted by the whole step's normaliser, in micro-batches of similar prompt length. */
export function microBatches({
  groups,
  objective,
  lossNormalizer,
  contextsPerMicroBatch,
  completionsPerMicroBatch = Number.POSITIVE_INFINITY,
  maxTokens = 1,
}: PolicyRequest): WeightedGroup[][] {
  const lengths = groups.flatMap((group) => spansOf(group).map(sizeOf)).filter((length) => length > 0)
  const tokens = sumOf(lengths)
  const weights: Readonly<Record<NormalizerName, (span: TokenSpan) => number>> = {
    token: () => 1 / tokens,
    sequence: (span) => 1 / (lengths.length * sizeOf(span)),
    constant: () => 1 / (lengths.length * maxTokens),
  }
  const weighted = groups.map((group) => ({...group, tokenWeights: spansOf(group).map(weights[lossNormalizer])}))
  const computed = weighted
    .filter((group) => isComputed(group, objective))
    .flatMap((group) => partsOf(group, completionsPerMicroBatch))
    .filter(hasTrainedTokens)
  const order = byLength(computed.map((group) => group.promptIds.length))
  return Array.from(chunksOf(order, contextsPerMicroBatch), (indices) => indices.map((index) => computed[index]))
}

/** Whether an update runs over a group: it adds to the gradient, and has tokens that are trained. */
export function isComputed(group: PolicyGroup, objective: PolicyRequest['objective']): boolean {
  return addsToGradient(group.advantages, objective) && hasTrainedTokens(group)
}

function hasTrainedTokens(group: PolicyGroup): boolean {
  return spansOf(group).some((span) => sizeOf(span) > 0)
}

/** A group as parts of at most `size` completions, as equal as can be. */
function partsOf(group: WeightedGroup, size: number): WeightedGroup[] {
  return cutEvenly(group.completions.length, size).map(({from, to}) => ({
    promptIds: group.promptIds,
    completions: group.completions.slice(from, to),
    advantages: group.advantages.slice(from, to),
    spans: group.spans?.slice(from, to),
    tokenWeights: group.tokenWeights.slice(from, to),
  }))
}

/** The trained tokens of each completion of a group. */
function spansOf({completions, spans}: PolicyGroup): readonly TokenSpan[] {
  return spans ?? completions.map(({ids}) => ({from: 0, to: ids.length}))
}

function sizeOf({from, to}: TokenSpan): number {
  return to - from
}

/** Packs groups into the row order of `policyGraph`: contexts first, then completions, each padded on the right. */
export function layOut(
  groups: readonly WeightedGroup[],
  contexts: number,
): MicroBatch<PolicyShape> & {readonly slots: readonly Slot[]} {
  const groupSize = maxOf(groups.map(({completions}) => completions.length))
  const completionTokens = groups.flatMap((group) => group.completions.map(({ids}) => ids.length))
  const shape = policyShape({
    contexts,
    groupSize,
    promptTokens: maxOf(groups.map((group) => group.promptIds.length)),
    completionTokens: maxOf(completionTokens),
    trainedTokens: sumOf(groups.flatMap(spansOf).map(sizeOf)),
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
        const whose = {completion: p * groupSize + g, advantage: group.advantages[g], weight: group.tokenWeights[g]}
        slots.push({row: start + t, target, old, ...whose})
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
