/** Arrays that updates work in, by name; they stay from one micro-batch to the next, and from one update to the next, until they are forgotten. */
export class RowArrays {
  private readonly arrays = new Map<string, Float32Array>()

  /** The array of that name, [size]; what is in it is undefined. A larger one takes the place of one that is too small. */
  get(name: string, size: number): Float32Array {
    const kept = this.arrays.get(name)
    if (kept && kept.length >= size) return kept.subarray(0, size)
    const array = new Float32Array(size)
    this.arrays.set(name, array)
    return array
  }

  /** Leaves all of them to the garbage collector. */
  forget(): void {
    this.arrays.clear()
  }
}
