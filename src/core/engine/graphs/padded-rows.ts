/** A [rows, length] block. */
export interface BlockShape {
  readonly rows: number
  readonly length: number
}

/**
 * Sequences padded on the right to a block, one a row; rows beyond them hold padding alone.
 *
 * @returns token ids, 0 in the padding, and positions from 0, [rows * length] each
 */
export function paddedRows(sequences: readonly Int32Array[], {rows, length}: BlockShape) {
  const ids = new BigInt64Array(rows * length)
  const positions = BigInt64Array.from(ids, (_, i) => BigInt(i % length))
  sequences.forEach((sequence, row) => {
    ids.set(BigInt64Array.from(sequence, BigInt), row * length)
  })
  return {ids, positions}
}
