import {type ModelConfig, parseModelConfig} from '../../src/core/models/model-config.js'

const base = {
  model_type: 'llama',
  vocab_size: 11,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: true,
  max_position_embeddings: 64,
  bos_token_id: 1,
  eos_token_id: 2,
}

/** A decoder small enough for central differences; heads divide the width, whatever the family's default. */
export function tinyModel(changes: Record<string, unknown> = {}): ModelConfig {
  const merged = {...base, ...changes}
  return parseModelConfig({head_dim: merged.hidden_size / merged.num_attention_heads, ...merged}, 'tiny model')
}
