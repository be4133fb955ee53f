import type {Ops} from '../onnx/ops.js'
import type {Value} from '../onnx/types.js'

/** [rows * length, K, D] -> [rows, K, length, D]. */
export function asHeads(op: Ops, x: Value, rows: number, length: number): Value {
  const [, kvHeads, headSize] = x.shape
  return op.transpose(op.reshape(x, [rows, length, kvHeads, headSize]), [0, 2, 1, 3])
}

/** Queries against keys, scaled: [..., M, D] x [..., S, D] -> [..., M, S]. */
export function scaledScores(op: Ops, queries: Value, keys: Value): Value {
  const alpha = scaleOf(queries.shape.at(-1)!)
  return withTwoRows(op, queries, (rows) => op.fusedMatMul(rows, keys, {transB: 1, alpha}))
}

/** 1 / sqrt(D) in float32, as FusedMatMul keeps it in float64 graphs too. */
export function scaleOf(headSize: number): number {
  return Math.fround(1 / Math.sqrt(headSize))
}

/** Values mixed by attention weights: [..., M, S] x [..., S, D] -> [..., M, D]. */
export function mixed(op: Ops, weights: Value, values: Value): Value {
  return withTwoRows(op, weights, (rows) => op.matMul(rows, values))
}

/**
 * A product whose left matrix has two rows at least: a single one would be summed in another order, and sampling would
 * give other log-probabilities than the update.
 */
export function withTwoRows(op: Ops, rows: Value, product: (rows: Value) => Value): Value {
  if (rows.shape.at(-2) !== 1) return product(rows)
  return op.slice(product(op.concat([rows, rows], -2)), -2, 0, 1)
}
