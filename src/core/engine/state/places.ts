import {trainedParametersOf} from '../../models/adapters.js'
import type {ModelConfig} from '../../models/model-config.js'
import {type Parameter, parametersOf} from '../../models/parameters.js'
import {sizeOf} from '../../util/shape.js'
import type {Weights} from './model-state.js'

/** A tensor of a checkpoint and the rows of a parameter that it is. */
export interface Place {
  /** Hugging Face's. */
  readonly name: string
  readonly shape: readonly number[]
  readonly parameter: string
  /** Values of the parameter before it. */
  readonly offset: number
}

/** Every tensor of a checkpoint of this model, adapters not counted. */
export function placesOf(config: ModelConfig): Place[] {
  return placesWithin(parametersOf(config))
}

/** The tensors that training changes. */
export function trainedPlacesOf(config: ModelConfig): Place[] {
  return placesWithin(trainedParametersOf(config))
}

function placesWithin(parameters: readonly Parameter[]): Place[] {
  return parameters.flatMap(({name: parameter, parts, shape}) => {
    let offset = 0
    return parts.map(({name, rows}) => {
      const place = {name, shape: [rows, ...shape.slice(1)], parameter, offset}
      offset += sizeOf(place.shape)
      return place
    })
  })
}

/** The values of a tensor within the weights, not a copy of them. */
export function valuesAt(weights: Weights, {parameter, shape, offset}: Place): Float32Array {
  return weights.get(parameter)!.subarray(offset, offset + sizeOf(shape))
}
