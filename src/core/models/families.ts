/** What sets a model family apart. Adding a family is adding a row to `families`. */
interface FamilyTraits {
  /** Public models of the family, for messages. */
  readonly models: string
  /** Biases on the query, key and value projections, whatever config.json says. */
  readonly qkvBias: boolean
  /** RMS norms of each query and key head. */
  readonly qkNorm: boolean
  /** The field `attention_bias` is read: biases on query, key, value and output projections. */
  readonly readsAttentionBias: boolean
  /** The field `sliding_window` is in force by itself, without `use_sliding_window`. */
  readonly readsSlidingWindow: boolean
  /** Base of the rotary angles where config.json is silent. */
  readonly defaultTheta: number
  /** What transformers takes where config.json is silent; null asks for the value that follows from other fields. */
  readonly defaults: Readonly<Record<string, number | null>>
}

/** Families by `model_type`, as transformers implements them. */
export const families = {
  llama: {
    models: 'Llama 2 and 3, SmolLM2, R1-Distill-Llama',
    qkvBias: false,
    qkNorm: false,
    readsAttentionBias: true,
    readsSlidingWindow: false,
    defaultTheta: 10000,
    defaults: {num_key_value_heads: null, head_dim: null, max_position_embeddings: 2048},
  },
  mistral: {
    models: 'Mistral without sliding window',
    qkvBias: false,
    qkNorm: false,
    readsAttentionBias: false,
    readsSlidingWindow: true,
    defaultTheta: 10000,
    defaults: {num_key_value_heads: 8, head_dim: null, max_position_embeddings: 131072, sliding_window: 4096},
  },
  qwen2: {
    models: 'Qwen2 and 2.5, R1-Distill-Qwen',
    qkvBias: true,
    qkNorm: false,
    readsAttentionBias: false,
    readsSlidingWindow: false,
    defaultTheta: 10000,
    defaults: {num_key_value_heads: 32, head_dim: null, max_position_embeddings: 32768},
  },
  qwen3: {
    models: 'Qwen3, dense',
    qkvBias: false,
    qkNorm: true,
    readsAttentionBias: true,
    readsSlidingWindow: false,
    defaultTheta: 10000,
    defaults: {num_key_value_heads: 32, head_dim: 128, max_position_embeddings: 32768},
  },
} as const satisfies Readonly<Record<string, FamilyTraits>>

/** A `model_type` that decoders are built for. */
export type Family = keyof typeof families

/** Whether decoders are built for a `model_type`. */
export function isFamily(modelType: string): modelType is Family {
  return Object.hasOwn(families, modelType)
}

/** The supported families in words. */
export const supportedFamilies = Object.entries(families)
  .map(([name, {models}]) => `${name} (${models})`)
  .join(', ')
