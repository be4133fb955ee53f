import type {Ops} from '../onnx/ops.js'
import type {Value} from '../onnx/types.js'

/**
 * Attention patterns. Each takes a layer's rotated queries [N, H, D], keys and values [N, K, D] in the pattern's own row
 * order and returns [N, H*D]. Query heads share key-value heads in runs of R = H / K (Ainslie et al. 2023).
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

/** P contexts of at most `contextLength` tokens, each with G completions of at most `completionLength` tokens. */
export interface SharedContextShape extends HeadShape {
  readonly contexts: number
  readonly groupSize: number
  readonly contextLength: number
  readonly completionLength: number
}

/** Added to a score that must not count: exp of it is exactly 0 in float32 and float64. */
const blocked = -1e9

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
    const q = op.reshape(
      op.transpose(op.reshape(queries, [rows, length, kvHeads, repeats, headSize]), [0, 2, 3, 1, 4]),
      [rows, kvHeads, repeats * length, headSize],
    )
    const cache = {keys: asHeads(op, keys, rows, length), values: asHeads(op, values, rows, length)}
    caches?.push(cache)
    const scores = op.reshape(scaledScores(op, q, cache.keys), [rows, kvHeads, repeats, length, length])
    const weights = op.reshape(op.softmax(op.add(scores, mask)), [rows, kvHeads, repeats * length, length])
    const output = op.reshape(mixed(op, weights, cache.values), [rows, kvHeads, repeats, length, headSize])
    return op.reshape(op.transpose(output, [0, 3, 1, 2, 4]), [rows * length, heads * headSize])
  }
}

/**
 * Attention of contexts and of their completions, each context computed once for its G completions.
 *
 * Rows are the P * Tc context tokens, then the P * G * Tg completion tokens. Context rows attend causally to their
 * context; completion rows to the whole context and causally to their own completion.
 *
 * @param contextLengths [P] int64, real tokens per context
 */
export function sharedContextAttention(op: Ops, shape: SharedContextShape, contextLengths: Value): Attend {
  const {contexts, groupSize, contextLength, completionLength, heads, headSize} = shape
  const contextRows = contexts * contextLength
  const completions = contexts * groupSize
  const rowCounts = [contextRows, completions * completionLength]
  return ({queries, keys, values}) => {
    const [contextQueries, completionQueries] = op.split(queries, 0, rowCounts)
    const [contextKeys, completionKeys] = op.split(keys, 0, rowCounts)
    const [contextValues, completionValues] = op.split(values, 0, rowCounts)
    const caches: KeyValueCache[] = []
    const attendContext = causalAttention(op, shape, {rows: contexts, length: contextLength}, caches)
    const contextOutput = attendContext({queries: contextQueries, keys: contextKeys, values: contextValues})
    const own = {
      keys: asHeads(op, completionKeys, completions, completionLength),
      values: asHeads(op, completionValues, completions, completionLength),
    }
    const ownMask = causalMask(op, completionLength)
    const output = attendContextAndOwn(op, {...shape, contextLengths}, completionQueries, caches[0], own, ownMask)
    return op.concat([contextOutput, op.reshape(output, [rowCounts[1], heads * headSize])], 0)
  }
}

/**
 * One decoding step: each of P * G rows attends to its context's cache and to the first `trip` + 1 entries of its own.
 *
 * @param own cache of the completions so far, [P*G, K, S, D]; the new key and value are written at `trip`
 * @param trip scalar int64, tokens in `own` before this one
 * @returns the attended rows [P*G, H*D] and the own cache with the new entry
 */
export function decodingAttention(
  op: Ops,
  shape: SharedContextShape & {contextLengths: Value},
  {queries, keys, values}: AttentionHeads,
  context: KeyValueCache,
  own: KeyValueCache,
  trip: Value,
): {output: Value; own: KeyValueCache} {
  const {contexts, groupSize, kvHeads, headSize, heads} = shape
  const rows = contexts * groupSize
  const capacity = own.keys.shape[2]
  const at = op.expand(op.reshape(trip, [1, 1, 1, 1]), [rows, kvHeads, 1, headSize])
  const write = (cache: Value, entry: Value) =>
    op.scatterElements(cache, at, op.reshape(entry, [rows, kvHeads, 1, headSize]), 2, 'none')
  const extended = {keys: write(own.keys, keys), values: write(own.values, values)}
  const slots = op.index([...Array(capacity).keys()])
  const ownMask = op.where(op.less(trip, slots), op.scalar(blocked), op.scalar(0))
  const output = attendContextAndOwn(
    op,
    {...shape, completionLength: 1},
    queries,
    context,
    extended,
    op.reshape(ownMask, [1, capacity]),
  )
  return {output: op.reshape(output, [rows, heads * headSize]), own: extended}
}

/**
 * Completion queries [P*G*Tg, H, D] against their context's cache and their own, in one softmax.
 *
 * The G * R * Tg queries of one context and key-value head are one matrix, so that the context's keys are read once.
 *
 * @param ownMask [Tg, S] added to the scores of own keys
 * @returns [P, G, Tg, K, R, D]
 */
function attendContextAndOwn(
  op: Ops,
  shape: SharedContextShape & {contextLengths: Value},
  queries: Value,
  context: KeyValueCache,
  own: KeyValueCache,
  ownMask: Value,
): Value {
  const {contexts: P, groupSize: G, completionLength: Tg, contextLength: Tc, kvHeads: K, headSize: D} = shape
  const R = shape.heads / K
  const ownLength = own.keys.shape[2]
  const perRow = op.transpose(op.reshape(queries, [P, G, Tg, K, R, D]), [0, 1, 3, 4, 2, 5])
  const perContext = op.transpose(perRow, [0, 2, 1, 3, 4, 5])

  const contextScores = op.reshape(
    op.add(
      scaledScores(op, op.reshape(perContext, [P, K, G * R * Tg, D]), context.keys),
      lengthMask(op, shape.contextLengths, Tc),
    ),
    [P, K, G, R, Tg, Tc],
  )
  const ownScores = op.reshape(scaledScores(op, op.reshape(perRow, [P * G, K, R * Tg, D]), own.keys), [
    P,
    G,
    K,
    R,
    Tg,
    ownLength,
  ])
  const maskedOwn = op.transpose(op.add(ownScores, ownMask), [0, 2, 1, 3, 4, 5])
  const weights = op.softmax(op.concat([contextScores, maskedOwn], -1))
  const [contextWeights, ownWeights] = op.split(weights, -1, [Tc, ownLength])

  const fromContext = mixed(op, op.reshape(contextWeights, [P, K, G * R * Tg, Tc]), context.values)
  const ownPerRow = op.reshape(op.transpose(ownWeights, [0, 2, 1, 3, 4, 5]), [P * G, K, R * Tg, ownLength])
  const fromOwn = mixed(op, ownPerRow, own.values)
  return op.add(
    op.transpose(op.reshape(fromContext, [P, K, G, R, Tg, D]), [0, 2, 4, 1, 3, 5]),
    op.transpose(op.reshape(fromOwn, [P, G, K, R, Tg, D]), [0, 1, 4, 2, 3, 5]),
  )
}

/** [rows * length, K, D] -> [rows, K, length, D]. */
function asHeads(op: Ops, x: Value, rows: number, length: number): Value {
  const [, kvHeads, headSize] = x.shape
  return op.transpose(op.reshape(x, [rows, length, kvHeads, headSize]), [0, 2, 1, 3])
}

/** Queries against keys, scaled: [..., M, D] x [..., S, D] -> [..., M, S]. */
function scaledScores(op: Ops, queries: Value, keys: Value): Value {
  const alpha = 1 / Math.sqrt(queries.shape.at(-1)!)
  return withTwoRows(op, queries, (rows) => op.fusedMatMul(rows, keys, {transB: 1, alpha}))
}

/** Values mixed by attention weights: [..., M, S] x [..., S, D] -> [..., M, D]. */
function mixed(op: Ops, weights: Value, values: Value): Value {
  return withTwoRows(op, weights, (rows) => op.matMul(rows, values))
}

/**
 * A product whose left matrix has two rows at least: a single one would be summed in another order, and sampling would
 * give other log-probabilities than the update.
 */
function withTwoRows(op: Ops, rows: Value, product: (rows: Value) => Value): Value {
  if (rows.shape.at(-2) !== 1) return product(rows)
  return op.slice(product(op.concat([rows, rows], -2)), -2, 0, 1)
}

/** [T, T]: 0 where the key is not later than the query. */
function causalMask(op: Ops, length: number): Value {
  const at = [...Array(length).keys()]
  const isLater = op.less(op.index(at, [length, 1]), op.index(at, [1, length]))
  return op.where(isLater, op.scalar(blocked), op.scalar(0))
}

/** [P, 1, 1, Tc]: 0 where the key is one of the context's real tokens. */
function lengthMask(op: Ops, lengths: Value, length: number): Value {
  const isReal = op.less(op.index([...Array(length).keys()]), op.reshape(lengths, [lengths.shape[0], 1]))
  return op.reshape(op.where(isReal, op.scalar(0), op.scalar(blocked)), [lengths.shape[0], 1, 1, length])
}
