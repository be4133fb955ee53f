import type {ModelConfig} from './model-config.js'
import {countOf, type Parameter, type ParameterPart, parametersOf, single} from './parameters.js'

/** The tensors of one adapter, in PEFT's words: A takes the layer's input to few numbers, B takes those to its output. */
export interface AdapterNames {
  readonly a: string
  readonly b: string
}

/** The tensors of the adapter on a part of a projection, e.g. `model.layers.0.mlp.up_proj.weight`; null where it has none. */
export function adapterOf({adapter}: ModelConfig, {name}: Pick<ParameterPart, 'name'>): AdapterNames | null {
  const [, module, target] = /^(.+\.(\w+))\.weight$/.exec(name) ?? []
  if (!adapter?.targets.some((one) => one === target)) return null
  return {a: `${module}.lora_A.weight`, b: `${module}.lora_B.weight`}
}

/** Every tensor of a model's adapters, in the order of the forward pass: A [rank, in] and B [out, rank] of each layer. */
export function adapterParametersOf(config: ModelConfig): Parameter[] {
  return parametersOf(config).flatMap(({shape, parts}) =>
    parts.flatMap((part) => {
      const names = adapterOf(config, part)
      if (!names) return []
      const {rank} = config.adapter!
      return [single(names.a, [rank, shape[1]], 'uniform'), single(names.b, [part.rows, rank], 'zeros')]
    }),
  )
}

/** Every tensor that graphs of a model are fed: weights, then adapters. */
export function allParametersOf(config: ModelConfig): Parameter[] {
  return [...parametersOf(config), ...adapterParametersOf(config)]
}

/** What training changes: the adapters where there are any, else all weights. */
export function trainedParametersOf(config: ModelConfig): Parameter[] {
  return config.adapter ? adapterParametersOf(config) : parametersOf(config)
}

/** Of some parameters those that training changes. */
export function trainedAmong(config: ModelConfig, parameters: readonly Parameter[]): Parameter[] {
  const trained = new Set(trainedParametersOf(config).map(({name}) => name))
  return parameters.filter(({name}) => trained.has(name))
}

/** Number of trained numbers. */
export function trainedCount(config: ModelConfig): number {
  return countOf(trainedParametersOf(config))
}
