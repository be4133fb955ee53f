import type {Ops} from '../onnx/ops.js'
import type {OpNode, Value} from '../onnx/types.js'
import {broadcastShapes, isSameShape} from '../util/shape.js'

/** What a ScatterElements adds to zeros: `updates` at `indices` along `axis`, both of the same shape. */
export interface Additions {
  readonly indices: Value
  readonly updates: Value
  readonly axis: number
}

/**
 * The sum of two cotangents of one value. Where one is zero but for some entries, as those of a table's rows or of the
 * tokens picked from a vocabulary, these are added to the other one, and the tensor of zeros is never made.
 */
export function addCotangents(op: Ops, earlier: Value, later: Value): Value {
  const [dense, sparse] = additionsToZeros(op, later) ? [earlier, later] : [later, earlier]
  const additions = additionsToZeros(op, sparse)
  return additions
    ? op.scatterElements(dense, additions.indices, additions.updates, additions.axis, 'add')
    : op.add(earlier, later)
}

/**
 * `x * dy`. Where `dy` was expanded from a smaller tensor, as that of a mean is, the smaller one is multiplied, if the
 * product still has the shape of `dy`.
 */
export function timesCotangent(op: Ops, x: Value, dy: Value): Value {
  const node = op.graph.producerOf(dy)
  const narrow = node?.op === 'Expand' ? node.inputs[0] : dy
  return op.mul(isSameShape(broadcastShapes(x.shape, narrow.shape), dy.shape) ? narrow : dy, x)
}

/** The additions that made a value from zeros; undefined where it was made otherwise. */
export function additionsToZeros(op: Ops, value: Value): Additions | undefined {
  const node = op.graph.producerOf(value)
  if (node?.op !== 'ScatterElements') return undefined
  const {inputs, attrs} = node as OpNode<'ScatterElements'>
  const [onto, indices, updates] = inputs
  if (attrs.reduction !== 'add' || !op.isZeros(onto)) return undefined
  return {indices, updates, axis: attrs.axis}
}
