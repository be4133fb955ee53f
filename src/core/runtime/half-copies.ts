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

/** Whoever changes an array that graphs are fed says so: its copy in float16 is out of date. */
export function valuesChanged(values: Float32Array): void {
  const copy = copies.get(values)
  if (copy) copies.set(values, {...copy, isCurrent: false})
}

/**
 * Takes an array's copy in float16 away from it, for whoever changes the values to round them into; undefined where it has none.
 * `keepHalfCopy` gives it back.
 */
export function takeHalfCopy(values: Float32Array): Uint16Array | undefined {
  const copy = copies.get(values)
  copies.delete(values)
  return copy?.halves
}

/** Keeps the copy in float16 of an array as it is now. */
export function keepHalfCopy(values: Float32Array, halves: Uint16Array): void {
  copies.set(values, {halves, isCurrent: true})
}
