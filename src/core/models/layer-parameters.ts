import {allParametersOf} from './adapters.js'
import type {ModelConfig} from './model-config.js'
import {embeddingName, finalNormName, headName, type Parameter} from './parameters.js'

/** The weights and adapters of a layer's part before attention (norm, query, key, value) and of the part after it. */
export function layerParameters(config: ModelConfig, layer: number): {heads: Parameter[]; feedForward: Parameter[]} {
  const at = `model.layers.${layer}.`
  const own = allParametersOf(config).filter(({name}) => name.startsWith(at))
  const isBefore = ({name}: Parameter) => /^(input_layernorm|self_attn\.(?!o_proj))/.test(name.slice(at.length))
  return {heads: own.filter(isBefore), feedForward: own.filter((parameter) => !isBefore(parameter))}
}

/** The weights between the last layer and the logits. */
export function headParameters(config: ModelConfig): Parameter[] {
  const names = [finalNormName, config.tiedHead ? embeddingName : headName]
  return allParametersOf(config).filter(({name}) => names.includes(name))
}
