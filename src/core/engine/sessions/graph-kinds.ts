/** What a graph computes, and whether it is a training graph. */
export const isTraining = {
  score: false,
  logprobs: false,
  prefill: false,
  'decoding-step': false,
  'rollout-loop': false,
  policy: true,
  reference: true,
  'language-model': true,
} as const

/** A name in `isTraining`. */
export type GraphKind = keyof typeof isTraining
