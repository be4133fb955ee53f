/** Arrays that passes over the layers work in, kept from one micro-batch to the next. */
export class RowArrays {
  private readonly arrays = new Map<string, Float32Array>()

  /** @param mostRows rows of the largest micro-batch */
  constructor(readonly mostRows: number) {}

  /** The array of that name, [rows, width]; what is in it is undefined. */
  rows(name: string, rows: number, width: number): Float32Array {
    return this.get(name, this.mostRows * width).subarray(0, rows * width)
  }

  /** The array of that name, of a size that never changes. */
  get(name: string, size: number): Float32Array {
    let array = this.arrays.get(name)
    if (!array) {
      array = new Float32Array(size)
      this.arrays.set(name, array)
    }
    return array
  }
}

/** Rows of an array whose rows have `width` elements; not a copy. */
export function rowsOf(array: Float32Array, {from, to}: {from: number; to: number}, width: number): Float32Array {
  return array.subarray(from * width, to * width)
}

/** Adds an array to another, element by element. */
export function addTo(sum: Float32Array, addend: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] += addend[i]
}
