import {toHalves} from '../util/to-halves.js'

interface HalfCopy {
  /** Bits of float16. */
  readonly halves: Uint16Array
  /** Whether they are those of the values as they are now. */
  readonly isCurrent: boolean
}

const copies = new WeakMap<Float32Array, HalfCopy>()

/**
 * A copy of an array in float16, as bits: each value rounded to the nearest, ties to even, beyond the range to an infinity.
 * It is made once, and again where `valuesChanged` has told of a change since.
 */
export function halfCopyOf(values: Float32Array): Uint16Array {
  const copy = copies.get(values) ?? {halves: new Uint16Array(values.length), isCurrent: false}
  if (!copy.isCurrent) toHalves(values, copy.halves)
  copies.set(values, {...copy, isCurrent: true})
  return copy.halves
}

/**
 * Whoever changes an array that graphs are fed says so: its copy in float16 is out of date.
 *
 * @param after the array that its values are in now, where it is another one: the copy's memory goes with them
 */
export function valuesChanged(before: Float32Array, after: Float32Array = before): void {
  const copy = copies.get(before)
  if (!copy) return
  copies.delete(before)
  copies.set(after, {...copy, isCurrent: false})
}
