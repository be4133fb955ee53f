import {policyShape} from '../../../../src/core/engine/graphs/shapes.js'
import type {EngineWork} from '../../../../src/core/engine/memory/engine-work.js'
import type {MemoryEstimate} from '../../../../src/core/engine/memory/memory.js'
import {parseModelConfig} from '../../../../src/core/models/model-config.js'

export const small = {
  model_type: 'llama',
  vocab_size: 1000,
  hidden_size: 64,
  intermediate_size: 160,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  tie_word_embeddings: true,
  max_position_embeddings: 512,
}
export const model = parseModelConfig(small, 'config.json')

/** R1-Distill-Qwen-1.5B. */
export const large = parseModelConfig(
  {
    model_type: 'qwen2',
    vocab_size: 151_936,
    hidden_size: 1536,
    intermediate_size: 8960,
    num_hidden_layers: 28,
    num_attention_heads: 12,
    num_key_value_heads: 2,
    max_position_embeddings: 131_072,
  },
  'config.json',
)

/** What GRPO with some contexts asks of the engine. */
export function rptWork(contexts: number, of = model): EngineWork {
  return {
    model: of,
    objective: {clipEpsilon: 0.2, klCoef: 0, entropyCoef: 0},
    policy: policyShape({
      contexts,
      groupSize: 4,
      promptTokens: 65,
      completionTokens: 32,
      trainedTokens: contexts * 128,
    }),
    rollout: {contexts, groupSize: 4, promptTokens: 65, maxTokens: 32},
  }
}

/** Bytes of a part; 0 where there is none. */
export function bytesOf(estimate: Pick<MemoryEstimate, 'parts'>, name: string): number {
  return estimate.parts.find((part) => part.name === name)?.bytes ?? 0
}

/** What an act throws. */
export function catchError(act: () => unknown): Error & {suggestions: readonly string[]} {
  try {
    act()
  } catch (error) {
    return error as Error & {suggestions: readonly string[]}
  }
  throw new Error('nothing was thrown')
}
