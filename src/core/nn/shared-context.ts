import type {Ops} from '../onnx/ops.js'
import type {Value} from '../onnx/types.js'
import {type Attend, type AttentionHeads, causalAttention, type HeadShape, type KeyValueCache} from './attention.js'
import {asHeads, mixed, scaledScores, scaleOf} from './attention-products.js'
import {earlierMask, lengthMask} from './masks.js'

/** P contexts of at most `contextLength` tokens, each with G completions of at most `completionLength` tokens. */
export interface SharedContextShape extends HeadShape {
  readonly contexts: number
  readonly groupSize: number
  readonly contextLength: number
  readonly completionLength: number
}

/** The same with the real tokens of each context, [P] int64. */
export interface JointShape extends SharedContextShape {
  readonly contextLengths: Value
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
    const ownMask = earlierMask(op, {first: 0, count: completionLength}, completionLength)
    const output = attendContextAndOwn(op, {...shape, contextLengths}, rows, caches[0], own, ownMask)
    const completionOutput = op.reshape(output, [rowCounts[1], heads * headSize])
    return returned === 'all' ? op.concat([contextOutput, completionOutput], 0) : completionOutput
  }
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
export function attendContextAndOwn(
  op: Ops,
  shape: JointShape,
  rows: AttentionHeads,
  context: KeyValueCache,
  own: KeyValueCache,
  ownMask: Value,
): Value {
  const scores = jointScores(op, shape, rows, context.keys, own.keys, ownMask)
  const weights = op.softmax(op.concat(scores, -1))
  return jointOutput(op, shape, weights, rows.values, context.values, own.values)
}

/** Scores of itself, of its context's keys, of its own earlier keys: [P, K, G, R, Tg, 1], [..., Tc], [..., S]. */
function jointScores(
  op: Ops,
  shape: JointShape,
  {queries, keys}: AttentionHeads,
  contextKeys: Value,
  ownKeys: Value,
  ownMask: Value,
): Value[] {
  const {contexts: P, groupSize: G, completionLength: Tg, contextLength: Tc, kvHeads: K, headSize: D} = shape
  const R = shape.heads / K
  const S = ownKeys.shape[2]
  const rows = op.reshape(queries, [P, G, Tg, K, R, D])
  const perCompletion = op.transpose(rows, [0, 1, 3, 4, 2, 5])
  const perContext = op.transpose(perCompletion, [0, 2, 1, 3, 4, 5])

  const selfProducts = op.sum(op.mul(rows, op.reshape(keys, [P, G, Tg, K, 1, D])), [-1])
  const selfScores = op.transpose(op.mul(selfProducts, op.scalar(scaleOf(D))), [0, 3, 1, 4, 2, 5])
  const contextScores = op.add(
    scaledScores(op, op.reshape(perContext, [P, K, G * R * Tg, D]), contextKeys),
    lengthMask(op, shape.contextLengths, Tc),
  )
  const ownScores = scaledScores(op, op.reshape(perCompletion, [P * G, K, R * Tg, D]), ownKeys)
  const maskedOwn = op.add(op.reshape(ownScores, [P, G, K, R, Tg, S]), ownMask)
  return [selfScores, op.reshape(contextScores, [P, K, G, R, Tg, Tc]), op.transpose(maskedOwn, [0, 2, 1, 3, 4, 5])]
}

/** Values mixed by the weights [P, K, G, R, Tg, 1 + Tc + S] of itself, its context, its own earlier rows. */
function jointOutput(
  op: Ops,
  shape: JointShape,
  weights: Value,
  values: Value,
  contextValues: Value,
  ownValues: Value,
): Value {
  const {contexts: P, groupSize: G, completionLength: Tg, contextLength: Tc, kvHeads: K, headSize: D} = shape
  const R = shape.heads / K
  const S = ownValues.shape[2]
  const [selfWeights, contextWeights, ownWeights] = op.split(weights, -1, [1, Tc, S])
  const fromSelf = op.mul(op.transpose(selfWeights, [0, 2, 4, 1, 3, 5]), op.reshape(values, [P, G, Tg, K, 1, D]))
  const fromContext = mixed(op, op.reshape(contextWeights, [P, K, G * R * Tg, Tc]), contextValues)
  const ownPerCompletion = op.reshape(op.transpose(ownWeights, [0, 2, 1, 3, 4, 5]), [P * G, K, R * Tg, S])
  const fromOwn = mixed(op, ownPerCompletion, ownValues)
  const fromOthers = op.add(
    op.transpose(op.reshape(fromContext, [P, K, G, R, Tg, D]), [0, 2, 4, 1, 3, 5]),
    op.transpose(op.reshape(fromOwn, [P, G, K, R, Tg, D]), [0, 1, 4, 2, 3, 5]),
  )
  return op.add(fromOthers, fromSelf)
}
