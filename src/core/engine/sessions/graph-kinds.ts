/** Graphs without gradients, and those of many shapes: what memory they took fits the next one. */
const never = Number.POSITIVE_INFINITY
/** Graphs of a whole update, one for each combination of lengths: below, the system's allocator itself keeps what was freed. */
const large = 64 * 2 ** 20
/** Graphs that serve all layers, few and run often. */
const always = 0

/** What a graph computes, and the bytes of a run from which on its memory stays from run to run. */
export const keepsMemoryFrom = {
  score: never,
  logprobs: never,
  prefill: never,
  'decoding-step': never,
  'rollout-loop': never,
  policy: large,
  reference: large,
  'language-model': large,
  layer: always,
  attention: always,
  'attention-block': never,
  'policy-head': always,
  'language-model-head': always,
} as const

/** A name in `keepsMemoryFrom`. */
export type GraphKind = keyof typeof keepsMemoryFrom
