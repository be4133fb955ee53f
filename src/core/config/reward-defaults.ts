import type {RewardName} from './names.js'

/**
 * Defaults that a term of the reward has instead of the schema's, by dotted key: with them it is what its paper proposes. They
 * hold where all terms of `reward.terms` have the same; a term without a row has none.
 */
export const rewardDefaults = {
  // RLP's advantage (arXiv 2510.01265): G / (G - 1) times the difference from the group's mean.
  'information-gain': {'grpo.std': 'leave-one-out'},
} as const satisfies Partial<Record<RewardName, Readonly<Record<string, unknown>>>>
