import type {Ops} from '../onnx/ops.js'
import type {Value} from '../onnx/types.js'

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
 * @param returned which rows to return: after the last layer nobody reads those of the contexts
 */
export function sharedContextAttention(
  op: Ops,
  shape: SharedContextShape,
  contextLengths: Value,
  returned: 'all' | 'completions',
): Attend {
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
    const rows = {queries: completionQueries, keys: completionKeys, values: completionValues}
    const isEarlier = earlierMask(op, completionLength)
    const output = attendContextAndOwn(op, {...shape, contextLengths}, rows, caches[0], own, isEarlier)
    const completionOutput = op.reshape(output, [rowCounts[1], heads * headSize])
    return returned === 'all' ? op.concat([contextOutput, completionOutput], 0) : completionOutput
  }
}

/**
 * One decoding step: each of P * G rows attends to its context's cache, to the first entries of its own, and to itself.
 *
 * @param own cache of the completions so far, [P*G, K, S, D]
 * @param ownLengths int64, entries of `own` that count: a scalar, or one for each row, [P*G]
 * @returns the attended rows [P*G, H*D]
 */
export function decodingAttention(
  op: Ops,
  shape: Omit<SharedContextShape, 'completionLength'> & {contextLengths: Value},
  rows: AttentionHeads,
  context: KeyValueCache,
  own: KeyValueCache,
  ownLengths: Value,
): Value {
  const {contexts: P, groupSize: G, headSize, heads} = shape
  const slots = op.index([...Array(own.keys.shape[2]).keys()])
  const perRow = ownLengths.shape.length === 0 ? ownLengths : op.reshape(ownLengths, [P, G, 1, 1, 1, 1])
  const isFilled = op.where(op.less(slots, perRow), op.scalar(0), op.scalar(blocked))
  const output = attendContextAndOwn(op, {...shape, completionLength: 1}, rows, context, own, isFilled)
  return op.reshape(output, [P * G, heads * headSize])
}

/**
 * Completion rows [P*G*Tg, ., D] against their context's cache, earlier rows of their own completion, and themselves, in
 * one softmax.
 *
 * The G * R * Tg queries of one context and key-value head are one matrix, so that the context's keys are read once. A
 * row's own key and value are apart from the cache, so that a decoding step need not copy the cache to extend it.
 *
 * @param own keys and values [P*G, K, S, D]
 * @param ownMask added to the scores of own keys, broadcast to [P, G, K, R, Tg, S]
 * @returns [P, G, Tg, K, R, D]
 */
function attendContextAndOwn(
  op: Ops,
  shape: SharedContextShape & {contextLengths: Value},
  {queries, keys, values}: AttentionHeads,
  context: KeyValueCache,
  own: KeyValueCache,
  ownMask: Value,
): Value {
  const {contexts: P, groupSize: G, completionLength: Tg, contextLength: Tc, kvHeads: K, headSize: D} = shape
  const R = shape.heads / K
  const S = own.keys.shape[2]
  const rows = op.reshape(queries, [P, G, Tg, K, R, D])
  const perCompletion = op.transpose(rows, [0, 1, 3, 4, 2, 5])
  const perContext = op.transpose(perCompletion, [0, 2, 1, 3, 4, 5])

  const selfProducts = op.sum(op.mul(rows, op.reshape(keys, [P, G, Tg, K, 1, D])), [-1])
  const selfScores = op.transpose(op.mul(selfProducts, op.scalar(scaleOf(D))), [0, 3, 1, 4, 2, 5])
  const contextScores = op.add(
    scaledScores(op, op.reshape(perContext, [P, K, G * R * Tg, D]), context.keys),
    lengthMask(op, shape.contextLengths, Tc),
  )
  const ownScores = scaledScores(op, op.reshape(perCompletion, [P * G, K, R * Tg, D]), own.keys)
  const maskedOwn = op.add(op.reshape(ownScores, [P, G, K, R, Tg, S]), ownMask)
  const scores = [
    selfScores,
    op.reshape(contextScores, [P, K, G, R, Tg, Tc]),
    op.transpose(maskedOwn, [0, 2, 1, 3, 4, 5]),
  ]
  const weights = op.softmax(op.concat(scores, -1))

  const [selfWeights, contextWeights, ownWeights] = op.split(weights, -1, [1, Tc, S])
  const fromSelf = op.mul(op.transpose(selfWeights, [0, 2, 4, 1, 3, 5]), op.reshape(values, [P, G, Tg, K, 1, D]))
  const fromContext = mixed(op, op.reshape(contextWeights, [P, K, G * R * Tg, Tc]), context.values)
  const ownPerCompletion = op.reshape(op.transpose(ownWeights, [0, 2, 1, 3, 4, 5]), [P * G, K, R * Tg, S])
  const fromOwn = mixed(op, ownPerCompletion, own.values)
  const fromOthers = op.add(
    op.transpose(op.reshape(fromContext, [P, K, G, R, Tg, D]), [0, 2, 4, 1, 3, 5]),
    op.transpose(op.reshape(fromOwn, [P, G, K, R, Tg, D]), [0, 1, 4, 2, 3, 5]),
  )
  return op.add(fromOthers, fromSelf)
}

/** [rows * length, K, D] -> [rows, K, length, D]. */
function asHeads(op: Ops, x: Value, rows: number, length: number): Value {
  const [, kvHeads, headSize] = x.shape
  return op.transpose(op.reshape(x, [rows, length, kvHeads, headSize]), [0, 2, 1, 3])
}

/** Queries against keys, scaled: [..., M, D] x [..., S, D] -> [..., M, S]. */
function scaledScores(op: Ops, queries: Value, keys: Value): Value {
  const alpha = scaleOf(queries.shape.at(-1)!)
  return withTwoRows(op, queries, (rows) => op.fusedMatMul(rows, keys, {transB: 1, alpha}))
}

/** 1 / sqrt(D) in float32, as FusedMatMul keeps it in float64 graphs too. */
function scaleOf(headSize: number): number {
  return Math.fround(1 / Math.sqrt(headSize))
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

/** [T, T]: 0 where the key is earlier than the query. */
function earlierMask(op: Ops, length: number): Value {
  const at = [...Array(length).keys()]
  const isEarlier = op.less(op.index(at, [1, length]), op.index(at, [length, 1]))
  return op.where(isEarlier, op.scalar(0), op.scalar(blocked))
}

/** [P, 1, 1, Tc]: 0 where the key is one of the context's real tokens. */
function lengthMask(op: Ops, lengths: Value, length: number): Value {
  const isReal = op.less(op.index([...Array(length).keys()]), op.reshape(lengths, [lengths.shape[0], 1]))
  return op.reshape(op.where(isReal, op.scalar(0), op.scalar(blocked)), [lengths.shape[0], 1, 1, length])
}
