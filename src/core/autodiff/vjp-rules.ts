import type {Ops} from '../onnx/ops.js'
import type {OpNode, OpType, Value} from '../onnx/types.js'
import {
  addedToZeros,
  chosenVjp,
  meanVjp,
  productVjp,
  quotientVjp,
  rowsVjp,
  sigmoidVjp,
  softmaxVjp,
  sumVjp,
} from './vjp-parts.js'

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
  // y = a + b: da = dy, db = dy
  Add: (_op, _node, dy) => [dy, dy],
  // y = a - b: da = dy, db = -dy
  Sub: (op, _node, dy) => [dy, op.neg(dy)],
  // y = a b: da = dy b, db = dy a
  Mul: (op, {inputs: [a, b]}, dy) => [op.mul(dy, b), op.mul(dy, a)],
  // y = a / b: da = dy / b, db = -da y
  Div: (op, {inputs: [, b], outputs: [y]}, dy) => quotientVjp(op, y, op.div(dy, b)),
  // y = b < a ? b : a: dy goes to what was chosen
  Min: (op, {inputs: [a, b]}, dy) => chosenVjp(op, op.less(b, a), dy),
  // y = a < b ? b : a: dy goes to what was chosen
  Max: (op, {inputs: [a, b]}, dy) => chosenVjp(op, op.less(a, b), dy),
  // y = -x: dx = -dy
  Neg: (op, _node, dy) => [op.neg(dy)],
  // y = exp x: dx = dy y
  Exp: (op, {outputs: [y]}, dy) => [op.mul(dy, y)],
  // y = sqrt x: dx = dy / (y + y)
  Sqrt: (op, {outputs: [y]}, dy) => [op.div(dy, op.add(y, y))],
  // y = 1 / (1 + exp -x): dx = dy y - dy y y
  Sigmoid: (op, {outputs: [y]}, dy) => sigmoidVjp(op, y, op.mul(dy, y)),
  // y = condition ? a : b: dy goes to what was chosen
  Where: (op, {inputs: [condition]}, dy) => [null, ...chosenVjp(op, condition, dy).toReversed()],
  // y = a b: da = dy b^T, db = a^T dy
  MatMul: (op, {inputs: [a, b]}, dy) => productVjp(op, a, b, dy, {transA: 0, transB: 0, alpha: 1}),
  // y = alpha a b: da = alpha dy b^T, db = alpha a^T dy; y = alpha a b^T: da = alpha dy b, db = alpha dy^T a
  FusedMatMul: (op, {inputs: [a, b], attrs}, dy) => productVjp(op, a, b, dy, attrs),
  // axis i of y is axis perm[i] of x: axis perm[i] of dx is axis i of dy
  Transpose: (op, {attrs: {perm}}, dy) => [op.transpose(dy, inverseOf(perm))],
  // y = x under another shape
  Reshape: (op, {inputs: [x]}, dy) => [op.reshape(dy, x.shape)],
  // y = x repeated: the walk sums dy back
  Expand: (_op, _node, dy) => [dy],
  // y = x from start to end: dx = dy with zeros for what was cut
  Slice: (op, {inputs: [x], attrs: {axis, start, end}}, dy) => [op.pad(dy, axis, start, x.shape[axis] - end)],
  // y = x with zeros around: dx = dy without them
  Pad: (op, {inputs: [x], attrs: {axis, before}}, dy) => [op.slice(dy, axis, before, before + x.shape[axis])],
  // ys = pieces of x: dx = their dys in a row
  Split: (op, {attrs: {axis}}, _dy, dys) => [op.concat(dys, axis)],
  // y = xs in a row: dxs = pieces of dy
  Concat: (op, {inputs, attrs: {axis}}, dy) => op.split(dy, axis, sizesAlong(axis, inputs)),
  // y = rows of x at indices: dx = zeros with dy added at indices
  Gather: (op, {inputs: [x, indices]}, dy) => [rowsVjp(op, x, indices, dy), null],
  // y = entries of x at indices: dx = zeros with dy added at indices
  GatherElements: (op, {inputs: [x, at], attrs: {axis}}, dy) => [addedToZeros(op, x, at, dy, axis), null],
  // y = sum of n values of x: dx = dy, n times
  ReduceSum: (op, {inputs: [x], attrs: {axes}}, dy) => [sumVjp(op, x, axes, dy)],
  // y = sum of n values of x / n: dx = dy / n, n times
  ReduceMean: (op, {inputs: [x], attrs: {axes}}, dy) => [meanVjp(op, x, axes, dy)],
  // y = exp x / sum exp x: dx = dy y - y sum(dy y)
  Softmax: (op, {outputs: [y], attrs: {axis}}, dy) => softmaxVjp(op, y, axis, op.mul(dy, y)),
  // y = x - log sum exp x: dx = dy - exp(y) sum dy
  LogSoftmax: (op, {outputs: [y], attrs: {axis}}, dy) => [op.add(op.mul(op.exp(y), op.neg(op.sum(dy, [axis]))), dy)],
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

/** The permutation that undoes another. */
function inverseOf(perm: readonly number[]): number[] {
  return perm.map((_, axis) => perm.indexOf(axis))
}

function sizesAlong(axis: number, values: readonly Value[]): number[] {
  return values.map(({shape}) => shape[axis])
}
