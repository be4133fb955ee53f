import type {Ops} from '../onnx/ops.js'
import type {Value} from '../onnx/types.js'
import {asHeads, mixed, scaledScores} from './attention-products.js'
import {causalMask} from './masks.js'

/**
 * Attention patterns. Each takes a layer's rotated queries [N, H, D], keys and values [N, K, D] in the pattern's own row
 * order and returns [N, H*D]; in the last layer of a model it may return the last rows only, where nobody asks for the
 * others. Query heads share key-value heads in runs of R = H / K (Ainslie et al. 2023).
 */
export type Attend = (heads: AttentionHeads) => Value

/** Rotated queries [N, H, D], rotated keys and values [N, K, D] of one layer. */
export interface AttentionHeads {
  readonly queries: Value
  readonly keys: Value
  readonly values: Value
}

/** Keys and values of one layer, [B, K, T, D] each. */
export interface KeyValueCache {
  readonly keys: Value
  readonly values: Value
}

/** Query heads H, key-value heads K and head size D. */
export interface HeadShape {
  readonly heads: number
  readonly kvHeads: number
  readonly headSize: number
}

/**
 * Causal self-attention over B rows of T tokens; N = B T, row-major.
 *
 * Padding belongs on the right, where no real token sees it.
 *
 * @param caches when given, every call appends its layer's keys and values
 */
export function causalAttention(
  op: Ops,
  {heads, kvHeads, headSize}: HeadShape,
  {rows, length}: {rows: number; length: number},
  caches?: KeyValueCache[],
): Attend {
  const repeats = heads / kvHeads
  const mask = causalMask(op, length)
  return ({queries, keys, values}) => {
    const grouped = op.reshape(
      op.transpose(op.reshape(queries, [rows, length, kvHeads, repeats, headSize]), [0, 2, 3, 1, 4]),
      [rows, kvHeads, repeats * length, headSize],
    )
    const cache = {keys: asHeads(op, keys, rows, length), values: asHeads(op, values, rows, length)}
    caches?.push(cache)
    const scores = op.reshape(scaledScores(op, grouped, cache.keys), [rows, kvHeads, repeats, length, length])
    const weights = op.reshape(op.softmax(op.add(scores, mask)), [rows, kvHeads, repeats * length, length])
    const output = op.reshape(mixed(op, weights, cache.values), [rows, kvHeads, repeats, length, headSize])
    return op.reshape(op.transpose(output, [0, 3, 1, 2, 4]), [rows * length, heads * headSize])
  }
}
