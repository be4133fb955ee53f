import {adapterScale} from '../../models/adapter.js'
import {adapterOf} from '../../models/adapters.js'
import type {ModelConfig} from '../../models/model-config.js'
import type {Weights} from './model-state.js'
import {type Place, placesOf, valuesAt} from './places.js'

/** Adds the adapters among some weights to the others, in place: W + scale B A, each element rounded once. */
export function mergeAdapters(config: ModelConfig, weights: Weights): void {
  for (const place of placesOf(config)) addAdapter(config, weights, place, valuesAt(weights, place))
}

/** The values of a tensor with its adapter added: a copy, or the weights' own where there is none. */
export function mergedValues(config: ModelConfig, weights: Weights, place: Place): Float32Array {
  const values = valuesAt(weights, place)
  if (!adapterOf(config, place)) return values
  const copy = values.slice()
  addAdapter(config, weights, place, copy)
  return copy
}

function addAdapter(config: ModelConfig, weights: Weights, place: Place, values: Float32Array): void {
  const names = adapterOf(config, place)
  if (!names) return
  const {rank} = config.adapter!
  const scale = adapterScale(config.adapter!)
  const [a, b] = [weights.get(names.a)!, weights.get(names.b)!]
  const [rows, columns] = place.shape
  const sums = new Float64Array(columns)
  for (let row = 0; row < rows; row++) {
    const target = values.subarray(row * columns, (row + 1) * columns)
    sums.set(target)
    for (let k = 0; k < rank; k++) {
      const factor = scale * b[row * rank + k]
      for (let i = 0; i < columns; i++) sums[i] += factor * a[k * columns + i]
    }
    target.set(sums)
  }
}
