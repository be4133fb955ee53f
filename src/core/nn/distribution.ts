import type {Ops} from '../onnx/ops.js'
import type {Value} from '../onnx/types.js'

/** Next-token distributions. Logits are [N, V]. */

/** How tokens are chosen. */
export interface SamplingSettings {
  readonly temperature: number
  /** Take the most probable token instead of drawing one. */
  readonly greedy: boolean
  /** Tokens that end a completion. */
  readonly endIds: readonly number[]
}

/** Log-probabilities over the vocabulary at a temperature: log softmax(logits / temperature), [N, V]. */
export function logProbabilities(op: Ops, logits: Value, temperature: number): Value {
  return op.logSoftmax(temperature === 1 ? logits : op.mul(logits, op.scalar(1 / temperature)))
}

/** The entry of each row that `ids` [N] names: [N, V] -> [N]. */
export function pickTokens(op: Ops, rows: Value, ids: Value): Value {
  const [count] = ids.shape
  return op.reshape(op.gatherElements(rows, op.reshape(ids, [count, 1]), 1), [count])
}

/** Entropy of each row of log-probabilities, nats: [N, V] -> [N]. */
export function entropyOf(op: Ops, logprobs: Value): Value {
  return op.neg(op.sum(op.mul(op.exp(logprobs), logprobs), [-1], 0))
}

/** Entropy over the renormalised k most probable tokens, nats: their logits [N, k] -> [N] (RPT, section 3.2). */
export function topKEntropy(op: Ops, topLogits: Value): Value {
  return entropyOf(op, op.logSoftmax(topLogits))
}

/** A draw from each row's distribution. */
export interface Draw {
  /** [N] int64. */
  readonly ids: Value
  /** Distance of the uniform from the nearest step of the cumulative distribution, [N]. */
  readonly margins: Value
}

/** Largest number below 1 in float32. */
const belowOne = 1 - 2 ** -24

/**
 * Inverse-CDF sampling: the first token whose cumulative probability exceeds the uniform, a share of the row's own total.
 *
 * A running sum is slow, so there are two short ones: over blocks of the vocabulary, then within the block that was
 * drawn. A token of probability 0 is never drawn.
 *
 * @param logprobs [N, V]
 * @param uniforms [N] in [0, 1)
 */
function drawTokens(op: Ops, logprobs: Value, uniforms: Value): Draw {
  const [count, vocabulary] = logprobs.shape
  const width = Math.ceil(Math.sqrt(vocabulary))
  const blockCount = Math.ceil(vocabulary / width)
  const probabilities = op.pad(op.exp(logprobs), 1, 0, blockCount * width - vocabulary)
  const inBlocks = op.reshape(probabilities, [count, blockCount, width])

  const block = drawIndex(op, op.sum(inBlocks, [2], 0), uniforms)
  const firstOfRow = op.index(Array.from({length: count}, (_, row) => row * blockCount))
  const chosen = op.gather(op.reshape(inBlocks, [count * blockCount, width]), op.add(firstOfRow, block.index))
  // Rounding could carry the rest past the block's end.
  const within = op.min(op.div(block.rest, block.weight), op.scalar(belowOne))
  const {index, rest, weight} = drawIndex(op, chosen, within)
  return {
    ids: op.min(op.add(op.mul(block.index, op.index(width)), index), op.index(vocabulary - 1)),
    margins: op.min(rest, op.sub(weight, rest)),
  }
}

/**
 * The first entry of each row whose running sum exceeds the uniform times the row's total.
 *
 * @param weights [N, M], not negative, not all 0
 * @param uniforms [N] in [0, 1)
 * @returns [N] each: `index` int64; the entry's `weight`; `rest`, how far into that entry the uniform lies
 */
function drawIndex(op: Ops, weights: Value, uniforms: Value): {index: Value; weight: Value; rest: Value} {
  const [count, size] = weights.shape
  const cumulative = op.cumSum(weights, 1)
  const target = op.mul(op.reshape(uniforms, [count, 1]), op.slice(cumulative, 1, size - 1, size))
  const isPassed = op.not(op.less(target, cumulative))
  const passed = op.cast(op.sum(op.cast(isPassed, op.float), [1], 0), 'int64')
  // Where weights are not numbers, every entry counts as passed, and the log-probability drawn is no number either.
  const index = op.min(passed, op.index(size - 1))
  const weight = pickTokens(op, weights, index)
  const end = pickTokens(op, cumulative, index)
  return {index, weight, rest: op.sub(weight, op.sub(end, op.reshape(target, [count])))}
}

/** Next tokens [N] of rows of logits [N, V], with their log-probabilities (of logits / temperature) and margins. */
export function chooseTokens(
  op: Ops,
  logits: Value,
  uniforms: Value,
  {temperature, greedy}: Omit<SamplingSettings, 'endIds'>,
): Draw & {oldLogprobs: Value} {
  const logprobs = logProbabilities(op, logits, temperature)
  const {ids, margins} = greedy
    ? {ids: op.argMax(logits, 1), margins: op.zeros([logits.shape[0]])}
    : drawTokens(op, logprobs, uniforms)
  return {ids, margins, oldLogprobs: pickTokens(op, logprobs, ids)}
}
