import {families, isFamily, supportedFamilies} from './families.js'

/** A parsed `config.json` with the defaults of its family filled in. */
type RawConfig = Readonly<Record<string, unknown>>

/** Whether a value leaves the mathematics as the decoder computes them. */
type IsNeutral = (value: unknown, config: RawConfig) => boolean

const never: IsNeutral = () => false
const isFalse: IsNeutral = (value) => value === false
const isOne: IsNeutral = (value) => value === 1
const isZero: IsNeutral = (value) => value === 0

/** Fields that change the mathematics; an absent field or null is always neutral. Refusing one more is adding a row. */
const rules: readonly {fields: readonly string[]; isNeutral: IsNeutral; expected: string; remedy?: string}[] = [
  {
    fields: ['architectures'],
    isNeutral: (value, {model_type}) =>
      Array.isArray(value) &&
      (value.length === 0 || value.some((name) => String(name).toLowerCase() === `${model_type}forcausallm`)),
    expected: 'the plain causal language model of its family: model_type, then ForCausalLM',
  },
  {
    fields: ['auto_map'],
    isNeutral: (value) => !Object.keys(value as object).some((name) => name.startsWith('AutoModel')),
    expected: 'no model code of its own',
  },
  {
    fields: ['hidden_act', 'hidden_activation'],
    isNeutral: (value) => value === 'silu' || value === 'swish',
    expected: 'silu',
  },
  {fields: ['mlp_bias'], isNeutral: isFalse, expected: 'false'},
  {
    fields: ['sliding_window'],
    isNeutral: (value, {model_type, max_position_embeddings}) =>
      !families[model_type as keyof typeof families].readsSlidingWindow ||
      Number(value) >= Number(max_position_embeddings),
    expected: 'null, or at least max_position_embeddings (full attention)',
  },
  {fields: ['use_sliding_window'], isNeutral: isFalse, expected: 'false (full attention)'},
  {
    fields: ['layer_types'],
    isNeutral: (value, {num_hidden_layers}) =>
      Array.isArray(value) && value.length === num_hidden_layers && value.every((type) => type === 'full_attention'),
    expected: 'full_attention for each layer',
  },
  {fields: ['attention_chunk_size'], isNeutral: never, expected: 'none'},
  {
    fields: ['no_rope_layers', 'no_rope_layer_interval'],
    isNeutral: (_, {model_type}) => families[model_type as keyof typeof families].readsNoRopeLayers,
    expected: 'none',
  },
  {fields: ['is_causal'], isNeutral: (value) => value === true, expected: 'true'},
  {
    fields: ['is_encoder_decoder', 'add_cross_attention', 'use_bidirectional_attention', 'alibi'],
    isNeutral: isFalse,
    expected: 'false',
  },
  {
    fields: ['num_experts', 'num_local_experts', 'n_routed_experts', 'n_shared_experts', 'moe_intermediate_size'],
    isNeutral: isZero,
    expected: 'a dense model, no mixture of experts',
  },
  {
    fields: ['attn_logit_softcapping', 'final_logit_softcapping', 'query_pre_attn_scalar', 'attention_multiplier'],
    isNeutral: never,
    expected: 'none',
  },
  {
    fields: ['embedding_multiplier', 'residual_multiplier', 'logits_scaling', 'logit_scale'],
    isNeutral: isOne,
    expected: '1',
  },
  {
    fields: ['partial_rotary_factor', 'rotary_pct'],
    isNeutral: isOne,
    expected: '1 (the whole head is rotated)',
  },
  {
    fields: ['use_mrope', 'rope_interleave', 'rope_interleaved', 'use_qk_norm', 'qk_layernorm'],
    isNeutral: isFalse,
    expected: 'false',
  },
  {fields: ['parallel_residual', 'use_parallel_residual'], isNeutral: isFalse, expected: 'false'},
  {fields: ['clip_qkv'], isNeutral: never, expected: 'none'},
  {
    fields: ['quantization_config', 'compression_config'],
    isNeutral: never,
    expected: 'weights in float32, float16 or bfloat16',
    remedy: 'take the checkpoint in bfloat16, or dequantise it in transformers and save it again',
  },
]

/** Why a config is refused. */
export interface Unsupported {
  /** Names the field, the value seen and the one expected. */
  readonly problem: string
  /** What to try, where another family of models is no help. */
  readonly remedy?: string
}

/** Why a config is refused; null where nothing is in the way. */
export function findUnsupported(config: RawConfig): Unsupported | null {
  const {model_type: modelType} = config
  if (typeof modelType !== 'string' || !isFamily(modelType))
    return {problem: `model_type is ${modelType}; supported: ${supportedFamilies}`}
  for (const {fields, isNeutral, expected, remedy} of rules)
    for (const field of fields) {
      const value = config[field]
      if (value != null && !isNeutral(value, config))
        return {problem: `${field} is ${shorten(JSON.stringify(value))}; expected ${expected}`, remedy}
    }
  return null
}

function shorten(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`
}
