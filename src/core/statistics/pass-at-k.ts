import {UsageError} from '../util/errors.js'

/**
 * Unbiased estimate of the chance that at least one of k completions is right: 1 - C(n - c, k) / C(n, k).
 *
 * The ratio is a product of factors in [0, 1], so nothing overflows. Source: Chen et al. 2021 (arXiv:2107.03374).
 *
 * @param count n, completions sampled
 * @param correct c, those that were right, in [0, n]
 * @param k in [1, n]
 * @returns in [0, 1]
 * @throws {UsageError} when k or c is out of range
 */
export function passAtK({count, correct, k}: {readonly count: number; readonly correct: number; readonly k: number}) {
  if (!(k >= 1 && k <= count && correct >= 0 && correct <= count)) {
    throw new UsageError(`pass@k: k = ${k} with ${correct} correct of ${count}; needs 1 <= k <= samples`, {
      suggestions: ['raise eval.samples, or ask for a smaller k'],
    })
  }
  let allWrong = 1
  for (let i = 0; i < k; i++) allWrong *= Math.max(0, count - correct - i) / (count - i)
  return 1 - allWrong
}
