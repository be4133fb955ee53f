/**
 * What a graph computes, and whether its memory may stay from run to run: that of training graphs, which run again and
 * again. Attention in blocks of queries has too many shapes.
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
  attention: true,
  'attention-block': false,
  'policy-head': true,
  'language-model-head': true,
} as const

/** A name in `mayKeepMemory`. */
export type GraphKind = keyof typeof mayKeepMemory
