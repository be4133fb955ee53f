import type {ModelConfig} from '../../models/model-config.js'

const heads = 'num_attention_heads x head_dim'
const keyValueHeads = 'num_key_value_heads x head_dim'

/** What comes before `.weight` or `.bias` in a tensor's name -> fields of config.json that set its rows and columns. */
const fields: Readonly<Record<string, readonly [rows: string, columns?: string]>> = {
  embed_tokens: ['vocab_size', 'hidden_size'],
  lm_head: ['vocab_size', 'hidden_size'],
  q_proj: [heads, 'hidden_size'],
  k_proj: [keyValueHeads, 'hidden_size'],
  v_proj: [keyValueHeads, 'hidden_size'],
  o_proj: ['hidden_size', heads],
  gate_proj: ['intermediate_size', 'hidden_size'],
  up_proj: ['intermediate_size', 'hidden_size'],
  down_proj: ['hidden_size', 'intermediate_size'],
  input_layernorm: ['hidden_size'],
  post_attention_layernorm: ['hidden_size'],
  post_feedforward_layernorm: ['hidden_size'],
  norm: ['hidden_size'],
}

/** The same of the norms of queries and keys, by what they norm. */
const qkNormFields: Readonly<Record<NonNullable<ModelConfig['qkNorm']>, typeof fields>> = {
  head: {q_norm: ['head_dim'], k_norm: ['head_dim']},
  projection: {q_norm: [heads], k_norm: [keyValueHeads]},
}

/** Fields of `config.json` that set the shape of a tensor, for messages; `''` for one that has no place in a decoder. */
export function fieldsOf(tensor: string, {qkNorm}: Pick<ModelConfig, 'qkNorm'>): string {
  const [module, kind] = tensor.split('.').slice(-2)
  const [rows, columns] = {...fields, ...(qkNorm && qkNormFields[qkNorm])}[module] ?? ['']
  return columns && kind === 'weight' ? `${rows}, ${columns}` : rows
}
