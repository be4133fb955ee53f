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
  q_norm: ['head_dim'],
  k_norm: ['head_dim'],
  gate_proj: ['intermediate_size', 'hidden_size'],
  up_proj: ['intermediate_size', 'hidden_size'],
  down_proj: ['hidden_size', 'intermediate_size'],
  input_layernorm: ['hidden_size'],
  post_attention_layernorm: ['hidden_size'],
  norm: ['hidden_size'],
}

/** Fields of `config.json` that set the shape of a tensor, for messages; `''` for one that has no place in a decoder. */
export function fieldsOf(tensor: string): string {
  const [module, kind] = tensor.split('.').slice(-2)
  const [rows, columns] = fields[module] ?? ['']
  return columns && kind === 'weight' ? `${rows}, ${columns}` : rows
}
