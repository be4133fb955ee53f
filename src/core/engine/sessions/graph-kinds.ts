/**
 * What a graph computes, and whether its memory may stay from run to run: that of training graphs, which run again and
 * again. Attention in blocks has many shapes, of tensors so small that the system keeps them at hand anyway.
 */
export const mayKeepMemory = {
  score: false,
  logprobs: false,
  prefill: false,
  'decoding-step': false,
  'rollout-loop': false,
  policy: true,
  reference: true,
  'language-model': true,
  layer: true,
  attention: false,
  'policy-head': true,
  'language-model-head': true,
} as const

/** A name in `mayKeepMemory`. */
export type GraphKind = keyof typeof mayKeepMemory
