/** Tensor of each norm of a layer, without its prefix; null where the family has none. */
export interface LayerNorms {
  readonly beforeAttention: string | null
  /** Of what attention adds. */
  readonly afterAttention: string | null
  readonly beforeMlp: string | null
  /** Of what the feed-forward block adds. */
  readonly afterMlp: string | null
}

/** What sets a model family apart. Adding a family is adding a row to `families`. */
interface FamilyTraits {
  /** Public models of the family, for messages. */
  readonly models: string
  /** Biases on the query, key and value projections, whatever config.json says. */
  readonly qkvBias: boolean
  readonly norms: LayerNorms
  /** RMS norms of queries and keys: of each head, or of the whole projection before it is split into heads. */
  readonly qkNorm: 'head' | 'projection' | null
  /** The field `attention_bias` is read: biases on query, key, value and output projections. */
  readonly readsAttentionBias: boolean
  /** The field `sliding_window` is in force by itself, without `use_sliding_window`. */
  readonly readsSlidingWindow: boolean
  /** The fields `no_rope_layers` and `no_rope_layer_interval` are read: layers without rotary embedding. */
  readonly readsNoRopeLayers: boolean
  /** Base of the rotary angles where config.json is silent. */
  readonly defaultTheta: number
  /** What transformers takes where config.json is silent; null asks for the value that follows from other fields. */
  readonly defaults: Readonly<Record<string, number | boolean | null>>
}

const normsBefore: LayerNorms = {
  beforeAttention: 'input_layernorm',
  afterAttention: null,
  beforeMlp: 'post_attention_layernorm',
  afterMlp: null,
}

/** Families by `model_type`, as transformers implements them. */
export const families = {
  llama: {
    models: 'Llama 2 and 3, SmolLM2, R1-Distill-Llama',
    qkvBias: false,
    norms: normsBefore,
    qkNorm: null,
    readsAttentionBias: true,
    readsSlidingWindow: false,
    readsNoRopeLayers: false,
    defaultTheta: 10000,
    defaults: {num_key_value_heads: null, head_dim: null, max_position_embeddings: 2048},
  },
  mistral: {
    models: 'Mistral without sliding window',
    qkvBias: false,
    norms: normsBefore,
    qkNorm: null,
    readsAttentionBias: false,
    readsSlidingWindow: true,
    readsNoRopeLayers: false,
    defaultTheta: 10000,
    defaults: {num_key_value_heads: 8, head_dim: null, max_position_embeddings: 131072, sliding_window: 4096},
  },
  qwen2: {
    models: 'Qwen2 and 2.5, R1-Distill-Qwen',
    qkvBias: true,
    norms: normsBefore,
    qkNorm: null,
    readsAttentionBias: false,
    readsSlidingWindow: false,
    readsNoRopeLayers: false,
    defaultTheta: 10000,
    defaults: {num_key_value_heads: 32, head_dim: null, max_position_embeddings: 32768},
  },
  qwen3: {
    models: 'Qwen3, dense',
    qkvBias: false,
    norms: normsBefore,
    qkNorm: 'head',
    readsAttentionBias: true,
    readsSlidingWindow: false,
    readsNoRopeLayers: false,
    defaultTheta: 10000,
    defaults: {num_key_value_heads: 32, head_dim: 128, max_position_embeddings: 32768},
  },
  smollm3: {
    models: 'SmolLM3',
    qkvBias: false,
    norms: normsBefore,
    qkNorm: null,
    readsAttentionBias: true,
    readsSlidingWindow: false,
    readsNoRopeLayers: true,
    defaultTheta: 2000000,
    defaults: {
      num_key_value_heads: 4,
      head_dim: null,
      max_position_embeddings: 32768,
      tie_word_embeddings: true,
      no_rope_layer_interval: 4,
    },
  },
  olmo2: {
    models: 'OLMo 2',
    qkvBias: false,
    norms: {
      beforeAttention: null,
      afterAttention: 'post_attention_layernorm',
      beforeMlp: null,
      afterMlp: 'post_feedforward_layernorm',
    },
    qkNorm: 'projection',
    readsAttentionBias: true,
    readsSlidingWindow: false,
    readsNoRopeLayers: false,
    defaultTheta: 10000,
    defaults: {num_key_value_heads: null, head_dim: null, max_position_embeddings: 2048, rms_norm_eps: 1e-5},
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
