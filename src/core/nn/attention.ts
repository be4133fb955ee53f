import type {Ops} from '../onnx/ops.js'
import type {Value} from '../onnx/types.js'
import {evenSizes} from '../util/even-sizes.js'
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

/** Scores computed at once: 64 MiB in float32. */
const scoresAtOnce = 2 ** 24

/** Fewest queries of a block: products of fewer rows waste the processor. */
const minBlock = 16

/**
 * Causal self-attention over B rows of T tokens; N = B T, row-major. Long rows are cut into blocks of queries, so that no
 * [B, H, T, T] scores are there at once.
 *
 * Padding belongs on the right, where no real token sees it.
 *
 * @param caches when given, every call appends its layer's keys and values
 * @param atOnce scores that a block may have
 */
export function causalAttention(
  op: Ops,
  shape: HeadShape,
  {rows, length}: {rows: number; length: number},
  caches?: KeyValueCache[],
  atOnce = scoresAtOnce,
): Attend {
  const {heads, headSize} = shape
  const block = Math.max(minBlock, Math.floor(atOnce / (rows * heads * length)))
  const sizes = evenSizes(length, Math.ceil(length / block))
  const blocks = sizes.map((count, i) => {
    const first = sizes.slice(0, i).reduce((sum, size) => sum + size, 0)
    return {keys: first + count, mask: causalMask(op, {first, count}, first + count)}
  })
  return ({queries, keys, values}) => {
    const cache = {keys: asHeads(op, keys, rows, length), values: asHeads(op, values, rows, length)}
    caches?.push(cache)
    const queriesOf = op.split(op.reshape(queries, [rows, length, heads, headSize]), 1, sizes)
    const attended = blocks.map(({keys: seen, mask}, i) => {
      const known = {keys: op.slice(cache.keys, 2, 0, seen), values: op.slice(cache.values, 2, 0, seen)}
      return attendCausally(op, shape, queriesOf[i], known, mask)
    })
    return op.reshape(op.concat(attended, 1), [rows * length, heads * headSize])
  }
}

/**
 * Queries against the keys and values of their own rows.
 *
 * @param queries [B, M, H, D]
 * @param cache of S tokens, [B, K, S, D]
 * @param mask [M, S], added to the scores
 * @returns [B, M, H*D]
 */
export function attendCausally(
  op: Ops,
  {heads, kvHeads, headSize}: HeadShape,
  queries: Value,
  {keys, values}: KeyValueCache,
  mask: Value,
): Value {
  const repeats = heads / kvHeads
  const [rows, count] = queries.shape
  const seen = keys.shape[2]
  const grouped = op.reshape(
    op.transpose(op.reshape(queries, [rows, count, kvHeads, repeats, headSize]), [0, 2, 3, 1, 4]),
    [rows, kvHeads, repeats * count, headSize],
  )
  const scores = op.reshape(scaledScores(op, grouped, keys), [rows, kvHeads, repeats, count, seen])
  const weights = op.reshape(op.softmax(op.add(scores, mask)), [rows, kvHeads, repeats * count, seen])
  const output = op.reshape(mixed(op, weights, values), [rows, kvHeads, repeats, count, headSize])
  return op.reshape(op.transpose(output, [0, 3, 1, 2, 4]), [rows, count, heads * headSize])
}
