import type {Ops} from '../onnx/ops.js'
import type {Value} from '../onnx/types.js'
import type {AttentionHeads, HeadShape, KeyValueCache} from './attention.js'
import {mixed, scaledScores, scaleOf, withTwoRows} from './attention-products.js'
import {lengthMask} from './masks.js'

/** P contexts of Tc tokens, [P] int64 of them real, with G rows each. */
export interface DecodingShape extends HeadShape {
  readonly contexts: number
  readonly groupSize: number
  readonly contextLength: number
  readonly contextLengths: Value
}

/**
 * Entries of N = P*K*G sequences, of each context and key-value head those of its G rows, as `keyLayout` and
 * `valueLayout` lay them: keys [N, S, D], values [N, blocks, panels, S', W].
 */
export interface CachePage extends KeyValueCache {
  /** `filledMask` of its slots; absent where every row has filled them all. */
  readonly mask?: Value
}

/**
 * One decoding step: each of P * G rows attends to its context's cache, to the pages of its own, and to itself, in one
 * softmax. The G * R queries of one context and key-value head are one matrix, so that the context's keys are read once.
 *
 * Bit for bit what the update's attention over the whole completion gives: scores are sums over the head size, and
 * weighted values are summed in the blocks in which onnxruntime sums them.
 *
 * @param pages entries of the completions so far, oldest first; each a tensor of its own, so that caches can grow
 * @returns the attended rows [P*G, H*D]
 */
export function decodingAttention(
  op: Ops,
  shape: DecodingShape,
  rows: AttentionHeads,
  context: KeyValueCache,
  pages: readonly CachePage[],
): Value {
  const {contexts: P, groupSize: G, kvHeads: K, heads, headSize, contextLength} = shape
  const [N, R] = [P * G * K, heads / K]
  const perContext = (x: Value) => op.reshape(x, [P, K, G * R, x.shape[2]])
  const [queries, keys, values] = [rows.queries, rows.keys, rows.values].map((x) => perSequence(op, x, P, K))
  const self = op.mul(op.sum(op.mul(queries, keys), [-1]), op.scalar(scaleOf(headSize)))
  const ofContext = op.add(
    scaledScores(op, perContext(queries), context.keys),
    lengthMask(op, shape.contextLengths, contextLength),
  )
  const ofPages = pages.map((page) => {
    const scores = pageScores(op, queries, page.keys)
    return page.mask ? op.reshape(op.add(perContext(scores), page.mask), scores.shape) : scores
  })
  const weights = op.softmax(op.concat([self, op.reshape(ofContext, [N, R, contextLength]), ...ofPages], -1))

  const sizes = [1, contextLength, ...ofPages.map((page) => page.shape[2])]
  const [toSelf, toContext, ...toPages] = op.split(weights, -1, sizes)
  const fromContext = mixed(op, perContext(toContext), context.values)
  const blocks = pages.flatMap((page, i) => mixedBlocks(op, toPages[i], page.values))
  const fromPages = blocks.slice(1).reduce((sum, block) => op.add(sum, block), blocks[0])
  const fromOthers = op.add(op.reshape(fromContext, queries.shape), fromPages)
  const attended = op.add(fromOthers, op.mul(toSelf, values))
  const perRow = op.transpose(op.reshape(attended, [P, K, G, R, headSize]), [0, 2, 1, 3, 4])
  return op.reshape(perRow, [P * G, heads * headSize])
}

/** Heads of rows [P*G, K*R, D] as R rows of each sequence, [N, R, D]. */
export function perSequence(op: Ops, x: Value, contexts: number, kvHeads: number): Value {
  const [rows, heads, headSize] = x.shape
  const [groupSize, repeats] = [rows / contexts, heads / kvHeads]
  const perHead = op.transpose(op.reshape(x, [contexts, groupSize, kvHeads, repeats, headSize]), [0, 2, 1, 3, 4])
  return op.reshape(perHead, [rows * kvHeads, repeats, headSize])
}

/**
 * Scores of a page's keys: [N, R, S].
 *
 * Keys times queries, not queries times keys: onnxruntime copies the right matrix of a product before it reads it, and
 * that is the small one this way. A single query needs no twin here: the other kernel is for products without a scale.
 */
function pageScores(op: Ops, queries: Value, keys: Value): Value {
  const [count, repeats, headSize] = queries.shape
  const scores = op.fusedMatMul(keys, queries, {transB: 1, alpha: scaleOf(headSize)})
  return repeats === 1 ? op.reshape(scores, [count, 1, keys.shape[1]]) : op.transpose(scores, [0, 2, 1])
}

/** Values of a page mixed by weights [N, R, S], each block by itself: [N, R, D] each. */
function mixedBlocks(op: Ops, weights: Value, values: Value): readonly Value[] {
  const [count, repeats] = weights.shape
  const [, blocks, panels, tokens, width] = values.shape
  const perBlock = op.transpose(op.reshape(weights, [count, repeats, blocks, tokens]), [0, 2, 1, 3])
  const output = withTwoRows(op, op.reshape(perBlock, [count, blocks, 1, repeats, tokens]), (rows) =>
    op.matMul(rows, values),
  )
  const entries = op.reshape(op.transpose(output, [1, 0, 3, 2, 4]), [blocks, count, repeats, panels * width])
  const pieces = op.split(entries, 0, new Array(blocks).fill(1))
  return pieces.map((piece) => op.reshape(piece, [count, repeats, panels * width]))
}
