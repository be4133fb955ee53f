import {GraphError} from './errors.js'

/** Static shapes: lists of positive sizes, outermost first. */
export type Shape = readonly number[]

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** Whether two shapes are equal, axis by axis. */
export function isSameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis])
}

/**
 * The shape that two operands broadcast to (NumPy's rule).
 *
 * @throws {GraphError} when a pair of sizes differs and neither is 1
 */
export function broadcastShapes(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({length: rank}, (_, axis) => {
    const left = a[a.length - rank + axis] ?? 1
    const right = b[b.length - rank + axis] ?? 1
    if (left !== right && left !== 1 && right !== 1) throw new GraphError(`cannot broadcast [${a}] with [${b}]`)
    return left === 1 ? right : left
  })
}

/** Whether a value of shape `from` broadcasts to `shape`. */
export function broadcastsTo(from: Shape, shape: Shape): boolean {
  const extra = shape.length - from.length
  return extra >= 0 && from.every((size, axis) => size === 1 || size === shape[extra + axis])
}

/** Axis counted from the front; negative axes count from the back. */
export function normalizeAxis(axis: number, rank: number): number {
  const normalized = axis < 0 ? axis + rank : axis
  if (normalized < 0 || normalized >= rank) throw new GraphError(`axis ${axis} is out of range for rank ${rank}`)
  return normalized
}

/** `shape` with one size replaced. */
export function withSize(shape: Shape, axis: number, size: number): number[] {
  return shape.map((old, index) => (index === axis ? size : old))
}
