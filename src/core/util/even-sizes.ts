/** `count` items in at most `pieces` pieces of almost equal size, each of two items at least where there are two. */
export function evenSizes(count: number, pieces: number): number[] {
  const most = Math.max(1, Math.min(pieces, Math.floor(count / 2)))
  const end = (piece: number) => Math.floor((piece * count) / most)
  return Array.from({length: most}, (_, i) => end(i + 1) - end(i))
}
