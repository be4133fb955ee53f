import type {Ops} from '../onnx/ops.js'
import type {OpNode, OpType, Value} from '../onnx/types.js'
import {GraphError} from '../util/errors.js'
import {isSameShape, sizeOf, withSize} from '../util/shape.js'
import {addCotangents, additionsToZeros, timesCotangent} from './cotangents.js'

/**
 * The vector-Jacobian product of one operator: from the cotangent `dy` of its output, one cotangent per input, null
 * where none flows. An operator with several outputs finds all their cotangents in `dys`.
 *
 * A cotangent may have the broadcast shape of the output: the walk in `backward.ts` sums it back.
 */
export type VjpRule<K extends OpType> = (
  op: Ops,
  node: OpNode<K>,
  dy: Value,
  dys: readonly Value[],
) => readonly (Value | null)[]

/** One rule per operator, or the words that say there is none. */
export type VjpTable = {readonly [K in OpType]: VjpRule<K> | 'not differentiable'}

/** Reverse-mode rules of every operator that we build graphs from. Ties of Min and Max go to the first operand. */
export const vjpRules: VjpTable = {
  Add: (_op, _node, dy) => [dy, dy],
  Sub: (op, _node, dy) => [dy, op.neg(dy)],
  Mul: (op, {inputs: [a, b]}, dy) => [timesCotangent(op, b, dy), timesCotangent(op, a, dy)],
  Div: (op, {inputs: [, b], outputs: [y]}, dy) => {
    const da = op.div(dy, b)
    return [da, op.neg(op.mul(da, y))]
  },
  Min: (op, {inputs: [a, b]}, dy) => routeByTest(op, op.less(b, a), dy),
  Max: (op, {inputs: [a, b]}, dy) => routeByTest(op, op.less(a, b), dy),
  Neg: (op, _node, dy) => [op.neg(dy)],
  Exp: (op, {outputs: [y]}, dy) => [op.mul(dy, y)],
  Log: (op, {inputs: [x]}, dy) => [op.div(dy, x)],
  Sqrt: (op, {outputs: [y]}, dy) => [op.div(dy, op.add(y, y))],
  // Each term starts with dy: y (1 - y) alone would be computed, and kept, before the backward pass.
  Sigmoid: (op, {outputs: [y]}, dy) => {
    const weighted = op.mul(dy, y)
    return [op.sub(weighted, op.mul(weighted, y))]
  },
  Where: (op, {inputs: [condition]}, dy) => [null, ...routeByTest(op, condition, dy).toReversed()],
  MatMul: (op, {inputs: [a, b]}, dy) => matMulVjp(op, a, b, dy),
  FusedMatMul: (op, {inputs: [a, b], attrs: {transA, transB, alpha}}, dy) => {
    if (transA)
      throw new GraphError('a FusedMatMul with transA is written by gradients only and has no gradient itself')
    return transB ? transposedMatMulVjp(op, a, b, dy, alpha) : matMulVjp(op, a, b, dy, alpha)
  },
  Transpose: (op, {attrs: {perm}}, dy) => [
    op.transpose(
      dy,
      perm.map((_, axis) => perm.indexOf(axis)),
    ),
  ],
  Reshape: (op, {inputs: [x]}, dy) => [op.reshape(dy, x.shape)],
  Expand: (_op, _node, dy) => [dy],
  Slice: (op, {inputs: [x], attrs: {axis, start, end}}, dy) => [op.pad(dy, axis, start, x.shape[axis] - end)],
  Pad: (op, {inputs: [x], attrs: {axis, before}}, dy) => [op.slice(dy, axis, before, before + x.shape[axis])],
  Split: (op, {attrs: {axis}}, _dy, dys) => [op.concat(dys, axis)],
  Concat: (op, {inputs, attrs: {axis}}, dy) =>
    op.split(
      dy,
      axis,
      inputs.map((x) => x.shape[axis]),
    ),
  Gather: (op, {inputs: [x, indices], attrs: {axis}}, dy) => {
    if (axis !== 0) throw new GraphError(`Gather has a gradient along axis 0 only, not ${axis}`)
    return [gatherRowsVjp(op, x, indices, dy), null]
  },
  GatherElements: (op, {inputs: [x, indices], attrs: {axis}}, dy) => [
    op.scatterElements(op.zeros(x.shape), indices, dy, axis, 'add'),
    null,
  ],
  ReduceSum: (op, {inputs: [x], attrs: {axes}}, dy) => [op.expand(withReducedAxes(op, dy, x, axes), x.shape)],
  ReduceMean: (op, {inputs: [x], attrs: {axes}}, dy) => {
    const scaled = op.mul(dy, op.scalar(sizeOf(dy.shape) / sizeOf(x.shape)))
    return [op.expand(withReducedAxes(op, scaled, x, axes), x.shape)]
  },
  Softmax: (op, {outputs: [y]}, dy) => {
    const weighted = op.mul(dy, y)
    return [op.sub(weighted, op.mul(y, op.sum(weighted, [-1])))]
  },
  LogSoftmax: (op, {outputs: [y], attrs: {axis}}, dy) => {
    const picked = additionsToZeros(op, dy)
    const hasAllRows =
      picked?.axis === axis && isSameShape(withSize(picked.updates.shape, axis, 1), withSize(y.shape, axis, 1))
    const total = op.sum(hasAllRows ? picked.updates : dy, [axis])
    return [addCotangents(op, op.mul(op.exp(y), op.neg(total)), dy)]
  },
  Less: 'not differentiable',
  Equal: 'not differentiable',
  Not: 'not differentiable',
  Or: 'not differentiable',
  Cast: 'not differentiable',
  ScatterElements: 'not differentiable',
  ReduceMin: 'not differentiable',
  CumSum: 'not differentiable',
  ArgMax: 'not differentiable',
  TopK: 'not differentiable',
  Loop: 'not differentiable',
}

/** Cotangents of (a, b) where `takesSecond` says which of the two became the output. */
function routeByTest(op: Ops, takesSecond: Value, dy: Value): [Value, Value] {
  const zero = op.scalar(0)
  return [op.where(takesSecond, zero, dy), op.where(takesSecond, dy, zero)]
}

/** y = alpha a b. A matrix b under a batched a contracts all leading axes at once, so that no batch of db appears. */
function matMulVjp(op: Ops, a: Value, b: Value, dy: Value, alpha = 1): Value[] {
  const da = op.fusedMatMul(dy, b, {transB: 1, alpha})
  const db =
    b.shape.length === 2
      ? op.fusedMatMul(asMatrix(op, a), asMatrix(op, dy), {transA: 1, alpha})
      : op.fusedMatMul(a, dy, {transA: 1, alpha})
  return [da, db]
}

/** y = alpha a b^T, the form of a linear layer whose weight is stored [out, in]. */
function transposedMatMulVjp(op: Ops, a: Value, b: Value, dy: Value, alpha: number): Value[] {
  const da = op.fusedMatMul(dy, b, {alpha})
  const db =
    b.shape.length === 2
      ? op.fusedMatMul(asMatrix(op, dy), asMatrix(op, a), {transA: 1, alpha})
      : op.fusedMatMul(dy, a, {transA: 1, alpha})
  return [da, db]
}

function asMatrix(op: Ops, x: Value): Value {
  const columns = x.shape.at(-1)!
  return op.reshape(x, [sizeOf(x.shape) / columns, columns])
}

/** Rows of dy added at the indices they were read from (ScatterND would race on repeated indices). */
function gatherRowsVjp(op: Ops, x: Value, indices: Value, dy: Value): Value {
  const columns = x.shape.slice(1)
  const count = sizeOf(indices.shape)
  const rows = op.reshape(dy, [count, ...columns])
  const at = op.expand(op.reshape(indices, [count, ...columns.map(() => 1)]), rows.shape)
  return op.scatterElements(op.zeros(x.shape), at, rows, 0, 'add')
}

function withReducedAxes(op: Ops, dy: Value, x: Value, axes: readonly number[]): Value {
  return op.reshape(
    dy,
    x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size)),
  )
}
