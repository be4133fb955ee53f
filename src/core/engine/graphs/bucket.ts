/**
 * The static size that a length is padded to: multiples of 16 up to 128, then of an eighth of the next power of two.
 *
 * Few sizes mean few compiled sessions; the padding costs at most an eighth beyond 128.
 */
export function lengthBucket(length: number): number {
  const quantum = length <= 128 ? 16 : 2 ** Math.ceil(Math.log2(length)) / 8
  return Math.max(1, Math.ceil(length / quantum)) * quantum
}

/** Like `lengthBucket`, but finer: for completions, whose padding is paid once per sample. */
export function completionBucket(length: number): number {
  return length <= 64 ? Math.max(1, Math.ceil(length / 8)) * 8 : lengthBucket(length)
}

/** The next power of two, at least `minimum`. */
export function countBucket(count: number, minimum = 1): number {
  return Math.max(minimum, 2 ** Math.ceil(Math.log2(Math.max(1, count))))
}

/** `used` of `capacity` slots, rounded up to a quarter of the capacity. */
export function shareBucket(used: number, capacity: number): number {
  const quarter = Math.ceil(capacity / 4)
  return Math.min(capacity, Math.max(1, Math.ceil(used / quarter)) * quarter)
}

/** Indices of `lengths`, shortest first; equal lengths keep their order. */
export function byLength(lengths: readonly number[]): number[] {
  return [...lengths.keys()].sort((a, b) => lengths[a] - lengths[b] || a - b)
}
