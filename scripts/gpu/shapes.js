const qwen2 = (layers, hidden, heads, kvHeads, intermediate, vocabulary) => ({
  model_type: 'qwen2',
  architectures: ['Qwen2ForCausalLM'],
  ...shared(layers, hidden, heads, kvHeads, intermediate, vocabulary),
})

const llama = (layers, hidden, heads, kvHeads, intermediate, vocabulary) => ({
  model_type: 'llama',
  architectures: ['LlamaForCausalLM'],
  ...shared(layers, hidden, heads, kvHeads, intermediate, vocabulary),
})

function shared(layers, hidden, heads, kvHeads, intermediate, vocabulary) {
  return {
    num_hidden_layers: layers,
    hidden_size: hidden,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    intermediate_size: intermediate,
    vocab_size: vocabulary,
    hidden_act: 'silu',
    rms_norm_eps: 1e-6,
    tie_word_embeddings: true,
    max_position_embeddings: 2048,
    bos_token_id: 1,
    eos_token_id: 2,
  }
}

/** Family and shape by size: those of SmolLM2-135M and Qwen2.5. */
const sizes = {
  '135M': [llama, 30, 576, 9, 3, 1536, 49152],
  '0.5B': [qwen2, 24, 896, 14, 2, 4864, 151936],
  '1.5B': [qwen2, 28, 1536, 12, 2, 8960, 151936],
}
const smallestShape = [2, 32, 4, 2, 48, 97]

/** What is measured at a size: config.json, rows of rollouts in groups, tokens of a context and of a completion. */
export function workOf(size, smallest) {
  const [configOf, ...shape] = sizes[size]
  if (smallest)
    return {config: configOf(...smallestShape), rows: [8, 16], groupSize: 4, context: 16, fresh: 8, updated: 2}
  return {config: configOf(...shape), rows: [64, 256], groupSize: 8, context: 512, fresh: 256, updated: 8}
}
