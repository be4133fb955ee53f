import type {Ops} from '../onnx/ops.js'
import type {Value} from '../onnx/types.js'

/** Next-token distributions. Logits are [N, V]. */

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

/** Entropy over the renormalised k most probable tokens, nats: logits [N, V] -> [N] (RPT, section 3.2). */
export function topKEntropy(op: Ops, logits: Value, k: number): Value {
  return entropyOf(op, op.logSoftmax(op.topK(logits, k).values))
}

/** A draw from each row's distribution. */
export interface Draw {
  /** [N] int64. */
  readonly ids: Value
  /** Distance of the uniform from the nearest step of the cumulative distribution, [N]. */
  readonly margins: Value
}

/**
 * Inverse-CDF sampling: the first token whose cumulative probability exceeds the uniform.
 *
 * The uniform is scaled by the row's own total, so that rounding of the sum can never select beyond the last token; a
 * token of probability 0 is never drawn.
 *
 * @param logprobs [N, V]
 * @param uniforms [N] in [0, 1)
 */
export function drawTokens(op: Ops, logprobs: Value, uniforms: Value): Draw {
  const [count, vocabulary] = logprobs.shape
  const probabilities = op.exp(logprobs)
  const cumulative = op.cumSum(probabilities, 1)
  const target = op.mul(op.reshape(uniforms, [count, 1]), op.slice(cumulative, 1, vocabulary - 1, vocabulary))
  const isPassed = op.not(op.less(target, cumulative))
  const ids = op.cast(op.sum(op.cast(isPassed, op.float), [1], 0), 'int64')
  const inside = op.min(ids, op.index(vocabulary - 1))
  const above = op.sub(pickTokens(op, cumulative, inside), op.reshape(target, [count]))
  const below = op.sub(pickTokens(op, probabilities, inside), above)
  return {ids: inside, margins: op.min(above, below)}
}
