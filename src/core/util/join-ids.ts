/** Token ids one after the other. Spreading them into a call ends in a stack overflow from about 120,000 on. */
export function joinIds(...pieces: readonly ArrayLike<number>[]): Int32Array {
  const ids = new Int32Array(pieces.reduce((sum, {length}) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    ids.set(piece, at)
    at += piece.length
  }
  return ids
}

/** Whether two lists have the same token ids. */
export function isSameIds(one: Int32Array, other: Int32Array): boolean {
  return one.length === other.length && one.every((id, i) => id === other[i])
}
