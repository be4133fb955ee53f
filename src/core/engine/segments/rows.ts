/** Rows of an array whose rows have `width` elements; not a copy. */
export function rowsOf(array: Float32Array, {from, to}: {from: number; to: number}, width: number): Float32Array {
  return array.subarray(from * width, to * width)
}

/** Adds an array to another, element by element. */
export function addTo(sum: Float32Array, addend: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] += addend[i]
}
