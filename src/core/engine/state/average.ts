import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {valuesChanged} from '../../runtime/half-copies.js'
import {type FloatValues, SafetensorsFile, writeSafetensors} from '../../weights/index.js'
import {fillTensors} from './fill-tensors.js'
import type {ModelState, Weights} from './model-state.js'
import {trainedPlacesOf, valuesAt} from './places.js'

/** The moving average of what is trained: how it moves, and its file, in which tensors have Hugging Face's names. */

const fileIn = (folder: string) => join(folder, 'average.safetensors')

/** Moves an average in place: tau * average + (1 - tau) * weights, each element rounded to float32 once. */
export function blend(average: Weights, weights: Weights, tau: number): void {
  for (const [name, values] of average) {
    const weight = weights.get(name)!
    const {length} = values
    for (let i = 0; i < length; i++) values[i] = tau * values[i] + (1 - tau) * weight[i]
    valuesChanged(values)
  }
}

/** Writes the average in float32; nothing where there is none. */
export async function saveAverage({config, average}: ModelState, folder: string): Promise<void> {
  if (average) await writeSafetensors(fileIn(folder), tensorsOf(config, average))
}

/**
 * Restores what `saveAverage` wrote; afterwards there is an average where the folder has one.
 *
 * @throws {DataError} naming the file when it is not a valid safetensors file or does not fit the model
 */
export function loadAverage(state: ModelState, folder: string): void {
  state.average = null
  if (!existsSync(fileIn(folder))) return
  const file = SafetensorsFile.open(fileIn(folder))
  try {
    // Every value is overwritten.
    const average = state.copyTrained()
    fillTensors(file, tensorsOf(state.config, average))
    state.average = average
  } finally {
    file.close()
  }
}

function tensorsOf(config: ModelState['config'], weights: Weights): Map<string, FloatValues> {
  return new Map(
    trainedPlacesOf(config).map((place) => [place.name, {shape: place.shape, data: valuesAt(weights, place)}]),
  )
}
