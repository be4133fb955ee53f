import type {LossName} from './names.js'

/**
 * Defaults that a loss has instead of the schema's, by dotted key: with them it is what its paper proposes; a loss without a row
 * has none. DAPO's soft penalty is a reward: the term `overlong`.
 *
 * CISPO's limit is not in its paper; 5 is that of ScaleRL (arXiv 2510.13786).
 */
export const lossDefaults: Readonly<Partial<Record<LossName, Readonly<Record<string, unknown>>>>> = {
  'dr-grpo': {'grpo.std': 'none', 'grpo.lossNormalizer': 'constant'},
  dapo: {'grpo.clipEpsilonHigh': 0.28, 'grpo.dynamicSampling.fromStep': 1, 'grpo.maskTruncated': true},
  gspo: {'grpo.clipEpsilon': 3e-4, 'grpo.clipEpsilonHigh': 4e-4, 'grpo.lossNormalizer': 'sequence'},
  cispo: {'grpo.clipEpsilonHigh': 4},
  // Groups that are right throughout are learned from, too.
  rejection: {'grpo.dynamicSampling.enabled': false},
}
