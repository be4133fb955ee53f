import {type RotaryRows, rotate} from '../nn/rotary.js'
import type {Ops} from '../onnx/ops.js'
import type {Value} from '../onnx/types.js'
import type {ModelConfig} from './model-config.js'

/** What may set a layer apart from others of its model. Adding a kind is adding a row to `turns`. */
export type LayerKind = 'rotated' | 'unrotated'

/** The kind of a layer, counted from 0: layers of one kind have the same graph, but for the names of their weights. */
export function layerKindOf({unrotated}: ModelConfig, layer: number): LayerKind {
  return (layer + 1) % unrotated.every === 0 || unrotated.layers.includes(layer) ? 'unrotated' : 'rotated'
}

/** The first layer of the kind of a layer: under the names of its weights one graph serves all layers of the kind. */
export function firstOfKind(config: ModelConfig, layer: number): number {
  const kind = layerKindOf(config, layer)
  for (let first = 0; first < layer; first++) if (layerKindOf(config, first) === kind) return first
  return layer
}

/** The first layer of each kind that a model has. */
export function firstOfEachKind(config: ModelConfig): number[] {
  return [...new Set(Array.from({length: config.layers}, (_, layer) => firstOfKind(config, layer)))]
}

/** What each kind of layer does to queries and keys [N, H, D] before attention. */
export const turns: {readonly [K in LayerKind]: (op: Ops, x: Value, rotary: RotaryRows) => Value} = {
  rotated: rotate,
  unrotated: (_, x) => x,
}
