import {DataError} from '../util/errors.js'

/**
 * Compute in floating-point operations, one multiply-add counted as two.
 *
 * Following Kaplan et al. 2020 (arXiv:2001.08361) and Hoffmann et al. 2022 (arXiv:2203.15556): a forward pass costs
 * twice the matrix parameters per token, plus the attention products, which grow with the context; a backward pass costs
 * two forward passes. The embedding gather is free and a tied output head counts once, as a matrix product. Norms,
 * activations, softmax and the optimizer are left out (below 1% at any size worth training). Padding is not counted:
 * this is the work that the method asks for, not what a device happens to spend. Adapters cost as much per parameter as
 * weights do; frozen weights have no gradient of their own, which saves one of the two forward passes on them.
 */

/** The sizes of a decoder with grouped-query attention and a gated feed-forward block. */
export interface ModelShape {
  /** All weights, a tied embedding once. */
  readonly parameterCount: number
  readonly layers: number
  readonly heads: number
  readonly kvHeads: number
  readonly headSize: number
  readonly hidden: number
  readonly intermediate: number
  readonly vocabulary: number
  /** Numbers of the adapters that are trained in place of the weights; absent or 0 where the weights are. */
  readonly adapterCount?: number
}

/** What one forward pass runs over. */
export interface ForwardWork {
  /** Tokens that go through the layers. */
  readonly tokens: number
  /** Query-key pairs: for each token, how many tokens it attends to, itself included. */
  readonly attendedPairs: number
  /** Tokens whose next-token logits are computed; `tokens` when absent. */
  readonly logitTokens?: number
}

/** The completions of one prompt. */
export interface GroupLengths {
  readonly promptTokens: number
  /** Length of each completion, the end-of-text token included. */
  readonly completionTokens: readonly number[]
}

/**
 * Parameters of the layers' matrices: query, key, value, output, gate, up, down.
 *
 * @throws {DataError} when they and the head exceed `parameterCount`
 */
export function layerMatrixParameters(shape: ModelShape): number {
  const {layers, heads, kvHeads, headSize, hidden, intermediate, vocabulary, parameterCount} = shape
  const attention = 2 * hidden * headSize * (heads + kvHeads)
  const matrices = layers * (attention + 3 * hidden * intermediate)
  if (matrices + hidden * vocabulary > parameterCount) {
    throw new DataError(
      `FLOPs: the shape has ${matrices + hidden * vocabulary} matrix parameters, more than parameterCount ${parameterCount}`,
      {suggestions: ["compare the checkpoint's config.json with its weights"]},
    )
  }
  return matrices
}

/** Pairs that tokens at indices `from`..`to - 1` of a sequence attend to under a causal mask, themselves included. */
export function causalPairs(from: number, to: number): number {
  return (to * (to + 1) - from * (from + 1)) / 2
}

/** FLOPs of one forward pass. */
export function forwardFlops(shape: ModelShape, {tokens, attendedPairs, logitTokens = tokens}: ForwardWork): number {
  const layers = weightFlops(shape, {tokens, attendedPairs, logitTokens})
  const attention = 4 * shape.layers * shape.heads * shape.headSize * attendedPairs
  const adapters = 2 * (shape.adapterCount ?? 0) * tokens
  return layers + attention + adapters
}

/** FLOPs of the products with weights in one forward pass. */
function weightFlops(shape: ModelShape, {tokens, logitTokens = tokens}: ForwardWork): number {
  return 2 * layerMatrixParameters(shape) * tokens + 2 * shape.hidden * shape.vocabulary * logitTokens
}

/** FLOPs that a backward pass does without where the weights are frozen: their gradients, as much as a forward pass. */
function savedFlops(shape: ModelShape, work: ForwardWork): number {
  return shape.adapterCount ? weightFlops(shape, work) : 0
}

/**
 * FLOPs of sampling: the prompt once per group, then each completion on top of its cached keys and values.
 *
 * The last sampled token of a completion is never fed back, and each sampled token needs one row of logits.
 */
export function rolloutFlops(shape: ModelShape, groups: readonly GroupLengths[]): number {
  return groups.reduce((sum, group) => sum + forwardFlops(shape, groupWork(group)), 0)
}

/** FLOPs of asking how probable continuations are: prompt and continuation once, logits of the continuation alone. */
export function queryFlops(
  shape: ModelShape,
  lengths: readonly {readonly prompt: number; readonly continuation: number}[],
) {
  return lengths.reduce((sum, {prompt, continuation}) => {
    const tokens = prompt + continuation - 1
    const work = {tokens, attendedPairs: causalPairs(0, tokens), logitTokens: continuation}
    return sum + forwardFlops(shape, work)
  }, 0)
}

/** FLOPs of predicting every token of sequences but the first, given the lengths of the sequences in tokens. */
export function scoreFlops(shape: ModelShape, lengths: readonly number[]): number {
  const scored = lengths.filter((length) => length > 1)
  return queryFlops(
    shape,
    scored.map((length) => ({prompt: 1, continuation: length - 1})),
  )
}

/**
 * FLOPs of an update, forward and backward: over each prompt once and over its completions. A row of plain training is a
 * prompt with one completion, its targets.
 *
 * Pass only what the update runs over: completions without advantage that were dropped cost nothing.
 */
export function updateFlops(shape: ModelShape, groups: readonly GroupLengths[]): number {
  const live = groups.filter(({completionTokens}) => completionTokens.length > 0)
  const saved = live.reduce((sum, group) => sum + savedFlops(shape, groupWork(group)), 0)
  return 3 * rolloutFlops(shape, live) - saved
}

function groupWork({promptTokens, completionTokens}: GroupLengths): Required<ForwardWork> {
  const work = {tokens: promptTokens, attendedPairs: causalPairs(0, promptTokens), logitTokens: 0}
  for (const length of completionTokens) {
    const fed = Math.max(0, length - 1)
    work.tokens += fed
    work.attendedPairs += causalPairs(promptTokens, promptTokens + fed)
    work.logitTokens += length
  }
  return work
}
