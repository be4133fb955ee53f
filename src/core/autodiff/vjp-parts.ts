import type {Ops} from '../onnx/ops.js'
import type {OpAttrs, Value} from '../onnx/types.js'
import {GraphError} from '../util/errors.js'
import {sizeOf} from '../util/shape.js'

/** Rules of `vjp-rules.ts` that use a value twice or ask for a shape; formulas stand there. */

/** Cotangents of (a, b) of y = a / b, from that of a. */
export function quotientVjp(op: Ops, y: Value, da: Value): Value[] {
  return [da, op.neg(op.mul(da, y))]
}

/** Cotangents of (a, b) of y = takesSecond ? b : a. */
export function chosenVjp(op: Ops, takesSecond: Value, dy: Value): Value[] {
  const zero = op.scalar(0)
  return [op.where(takesSecond, zero, dy), op.where(takesSecond, dy, zero)]
}

/** From dy y. Each term starts with dy: y (1 - y) alone would be computed, and kept, before the backward pass. */
export function sigmoidVjp(op: Ops, y: Value, weighted: Value): Value[] {
  return [op.sub(weighted, op.mul(weighted, y))]
}

/** From dy y. */
export function softmaxVjp(op: Ops, y: Value, axis: number, weighted: Value): Value[] {
  return [op.sub(weighted, op.mul(y, op.sum(weighted, [axis])))]
}

/** Cotangents of (a, b). A matrix b under a batched a contracts all leading axes at once, so that no batch of db appears. */
export function productVjp(
  op: Ops,
  a: Value,
  b: Value,
  dy: Value,
  {transA, transB, alpha}: OpAttrs['FusedMatMul'],
): Value[] {
  if (transA) throw new GraphError('a FusedMatMul with transA is written by gradients only and has no gradient itself')
  const da = op.fusedMatMul(dy, b, {transB: transB ? 0 : 1, alpha})
  const [left, right] = (transB ? [dy, a] : [a, dy]).map((x) => (b.shape.length === 2 ? asMatrix(op, x) : x))
  return [da, op.fusedMatMul(left, right, {transA: 1, alpha})]
}

function asMatrix(op: Ops, x: Value): Value {
  const columns = x.shape.at(-1)!
  return op.reshape(x, [sizeOf(x.shape) / columns, columns])
}

/** Zeros like x with dy added at the indices it was read from. */
export function addedToZeros(op: Ops, x: Value, indices: Value, dy: Value, axis: number): Value {
  return op.scatterElements(op.zeros(x.shape), indices, dy, axis, 'add')
}

/** The same for whole rows, one index each (ScatterND would race on repeated indices). */
export function rowsVjp(op: Ops, x: Value, indices: Value, dy: Value): Value {
  const columns = x.shape.slice(1)
  const count = sizeOf(indices.shape)
  const rows = op.reshape(dy, [count, ...columns])
  const at = op.expand(op.reshape(indices, [count, ...columns.map(() => 1)]), rows.shape)
  return addedToZeros(op, x, at, rows, 0)
}

/** dy along the axes that were summed. */
export function sumVjp(op: Ops, x: Value, axes: readonly number[], dy: Value): Value {
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
  return op.expand(op.reshape(dy, kept), x.shape)
}

/** dy over the number of values that were averaged, along their axes. */
export function meanVjp(op: Ops, x: Value, axes: readonly number[], dy: Value): Value {
  return sumVjp(op, x, axes, op.mul(dy, op.scalar(sizeOf(dy.shape) / sizeOf(x.shape))))
}
