import type {Ops} from '../onnx/ops.js'
import type {Value} from '../onnx/types.js'

/** Layers as functions of (operators, input, weights). N rows of tokens, C width. */

/** x W^T (+ b): [N, in] -> [N, out], with W stored [out, in] as PyTorch does. */
export function linear(op: Ops, x: Value, weight: Value, bias?: Value): Value {
  const product = op.fusedMatMul(x, weight, {transB: 1})
  return bias ? op.add(product, bias) : product
}

/** x / sqrt(mean(x^2) + epsilon) * weight over the last axis (Zhang and Sennrich 2019). */
export function rmsNorm(op: Ops, x: Value, weight: Value, epsilon: number): Value {
  const meanSquare = op.mean(op.mul(x, x), [-1])
  const root = op.sqrt(op.add(meanSquare, op.scalar(epsilon)))
  return op.mul(op.div(x, root), weight)
}

/** silu(gate) * up, [N, F] each (Shazeer 2020). */
export function swiGlu(op: Ops, gate: Value, up: Value): Value {
  return op.mul(op.mul(gate, op.sigmoid(gate)), up)
}

/** Rows of the embedding table: ids [N] -> [N, C]. */
export function embedding(op: Ops, ids: Value, table: Value): Value {
  return op.gather(table, ids)
}
