import type {ModelConfig} from '../../src/core/models/model-config.js'
import {parametersOf} from '../../src/core/models/parameters.js'
import {rotaryTables} from '../../src/core/nn/rotary.js'
import {Sampler, streamSeed} from '../../src/core/util/rng.js'
import {sizeOf} from '../../src/core/util/shape.js'

/** Weights by parameter name, large enough that no part of the model is close to linear. */
export function randomWeights(config: ModelConfig, seed: number, deviation = 0.6): Map<string, Float64Array> {
  return new Map(
    parametersOf(config).map(({name, shape}) => {
      const sampler = new Sampler(streamSeed(seed, name))
      const offset = name.includes('norm') ? 1 : 0
      return [name, Float64Array.from({length: sizeOf(shape)}, () => offset + deviation * sampler.normal())]
    }),
  )
}

/** The same weights as a checkpoint names them. */
export function asCheckpoint(config: ModelConfig, weights: ReadonlyMap<string, Float64Array>) {
  const tensors = new Map<string, Float64Array>()
  for (const {name, shape, parts} of parametersOf(config)) {
    let start = 0
    for (const part of parts) {
      const end = start + part.rows * sizeOf(shape.slice(1))
      tensors.set(part.name, weights.get(name)!.subarray(start, end))
      start = end
    }
  }
  return tensors
}

/** Weights and rotary tables of `positions` rows as a graph of that float type is fed. */
export function modelFeeds(
  config: ModelConfig,
  weights: ReadonlyMap<string, Float64Array>,
  positions: number,
  float: 'float32' | 'float64',
): Record<string, Float32Array | Float64Array> {
  const {cos, sin} = rotaryTables(positions, config.headSize, config.ropeTheta, config.ropeScaling)
  const arrays = {...Object.fromEntries(weights), 'rotary.cos': cos, 'rotary.sin': sin}
  if (float === 'float64') return arrays
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, Float32Array.from(array)]))
}
