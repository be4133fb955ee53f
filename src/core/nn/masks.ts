import type {Ops} from '../onnx/ops.js'
import type {Value} from '../onnx/types.js'

/** Masks are added to scores: 0 where a key may be attended to. */

/** Added to a score that must not count: exp of it is exactly 0 in float32 and float64. */
const blocked = -1e9

/** Queries of a sequence: `count` rows from `first` on, which may be known at run time only (an int64 scalar). */
export interface QueryRows {
  readonly first: number | Value
  readonly count: number
}

/** [count, keys]: 0 where the key is not later than the query; the keys are the sequence's first. */
export function causalMask(op: Ops, queries: QueryRows, keys: number): Value {
  const isLater = op.less(indicesOf(op, queries), op.index(range(keys), [1, keys]))
  return op.where(isLater, op.scalar(blocked), op.scalar(0))
}

/** [count, keys]: 0 where the key is earlier than the query; the keys are the sequence's first. */
export function earlierMask(op: Ops, queries: QueryRows, keys: number): Value {
  return blockUnless(op, op.less(op.index(range(keys), [1, keys]), indicesOf(op, queries)))
}

/** Index of each query in its sequence, [count, 1]. */
function indicesOf(op: Ops, {first, count}: QueryRows): Value {
  if (typeof first === 'number') return op.index(range(count, first), [count, 1])
  return op.add(op.index(range(count), [count, 1]), first)
}

/** [P, 1, 1, Tc]: 0 where the key is one of the context's real tokens. */
export function lengthMask(op: Ops, lengths: Value, length: number): Value {
  const perContext = [lengths.shape[0], 1]
  const isReal = op.less(op.index(range(length)), op.reshape(lengths, perContext))
  return op.reshape(blockUnless(op, isReal), [...perContext, 1, length])
}

/** [..., S]: 0 where a slot is filled, of caches with `filled` entries [..., 1] or a scalar. */
export function slotMask(op: Ops, filled: Value, slots: number): Value {
  return blockUnless(op, op.less(op.index(range(slots)), filled))
}

/** [P, 1, G*R, S]: 0 where the slot of a row's cache is filled, for lengths [P*G] and R queries of each row. */
export function filledMask(
  op: Ops,
  lengths: Value,
  {contexts, groupSize, repeats}: {contexts: number; groupSize: number; repeats: number},
  slots: number,
): Value {
  const perRow = slotMask(op, op.reshape(lengths, [contexts, groupSize, 1, 1]), slots)
  return op.reshape(op.expand(perRow, [contexts, groupSize, repeats, slots]), [contexts, 1, groupSize * repeats, slots])
}

/** Blocks all but what may be attended to. */
function blockUnless(op: Ops, mayAttend: Value): Value {
  return op.where(mayAttend, op.scalar(0), op.scalar(blocked))
}

const range = (count: number, first = 0) => Array.from({length: count}, (_, i) => first + i)
