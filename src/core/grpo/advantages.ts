import type {DeviationName} from '../config/names.js'
import {GraphError} from '../util/errors.js'
import {maxOf, minOf} from '../util/extremes.js'
import {meanOf} from '../util/means.js'

/** Rewards of a group that differ by less than this share of the largest are equal: a few roundings of float32. */
const rewardTolerance = 1e-6

/** How the rewards of a group are compared. */
export interface AdvantageSettings {
  readonly std: DeviationName
  /** Added to the deviation. */
  readonly advantageEpsilon: number
}

/**
 * What differences from the mean are divided by, from the sum of their squares over a group of G: NumPy's deviation (over G),
 * torch's (over G - 1), or nothing (Dr. GRPO). `leave-one-out`: nothing, and the reward is compared with the mean of the
 * others (RLOO, arXiv 2402.14740; RLP, arXiv 2510.01265).
 */
const scales: Readonly<Record<DeviationName, (squares: number, size: number, epsilon: number) => number>> = {
  population: (squares, size, epsilon) => Math.sqrt(squares / size) + epsilon,
  sample: (squares, size, epsilon) => Math.sqrt(squares / (size - 1)) + epsilon,
  none: () => 1,
  // G / (G - 1) times the difference is that from the mean of the others.
  'leave-one-out': (_squares, size) => (size - 1) / size,
}

/**
 * Advantage of each completion within its group: (r - mean) / (std + epsilon).
 *
 * A group of equal rewards (see `isUniform`) gets exact zeros: divided by its own tiny deviation, a difference of rounding
 * would become an advantage of full size. Source: DeepSeekMath (arXiv 2402.03300), outcome supervision; verl and TRL
 * take the sample deviation, larger by sqrt(G / (G - 1)).
 *
 * @param rewards [P][G], any scale
 * @returns [P][G], each row sums to 0 up to rounding
 * @throws {GraphError} when a group has fewer than two completions
 */
export function groupAdvantages(
  rewards: readonly (readonly number[])[],
  {std, advantageEpsilon}: AdvantageSettings,
): number[][] {
  return rewards.map((group) => {
    if (group.length < 2)
      throw new GraphError(`a group of ${group.length} has nothing to compare with; needs 2 or more`)
    if (isUniform(group)) return group.map(() => 0)
    const mean = meanOf(group)
    const squares = group.reduce((sum, reward) => sum + (reward - mean) ** 2, 0)
    const scale = scales[std](squares, group.length, advantageEpsilon)
    return group.map((reward) => (reward - mean) / scale)
  })
}

/**
 * Whether all rewards of a group are equal: it carries no signal. Equal means within `rewardTolerance` of the largest
 * magnitude; a NaN equals nothing.
 */
export function isUniform(group: readonly number[]): boolean {
  const magnitude = maxOf(group.map(Math.abs))
  return maxOf(group) - minOf(group) <= rewardTolerance * magnitude
}
