import {existsSync} from 'node:fs'
import {mkdir} from 'node:fs/promises'
import {join} from 'node:path'
import {guardWrite} from '../../files/storage-error.js'
import {adapterConfigName, writeAdapterConfig} from '../../models/adapter-files.js'
import type {ModelConfig} from '../../models/model-config.js'
import {DataError} from '../../util/errors.js'
import {isSameShape, sizeOf} from '../../util/shape.js'
import {shown, WeightFiles, writeSafetensors} from '../../weights/index.js'
import {type SaveFormat, saveWeights, storedDtypes} from './checkpoint.js'
import {fillWeight} from './fill-weight.js'
import type {ModelState, Weights} from './model-state.js'
import {type Place, trainedPlacesOf, valuesAt} from './places.js'

/** Adapters on disk, as PEFT has them: a description, and tensors under the names of its wrapped model. */

/**
 * Folder of the merged checkpoint beside adapters. In one folder with them transformers would take merged weights for the base,
 * and apply the adapters once more.
 */
export const mergedName = 'merged'

const weightsName = 'adapter_model.safetensors'
const prefix = 'base_model.model.'

/**
 * Checks that a folder holds the adapters that a model has, by the header of their file alone.
 *
 * @throws {DataError} when a tensor is missing, superfluous, of another shape or not floating-point
 */
export function checkAdapter(config: ModelConfig, folder: string): void {
  openAdapter(config, folder).close()
}

/**
 * The adapters of a model, by the names of its parameters.
 *
 * @throws {DataError} as `checkAdapter` does, and when a value is not finite
 */
export function readAdapter(config: ModelConfig, folder: string): Weights {
  const files = openAdapter(config, folder)
  try {
    const values = new Map<string, Float32Array>()
    for (const {name, shape} of trainedPlacesOf(config)) {
      values.set(name, new Float32Array(sizeOf(shape)))
      fillWeight(files, prefix + name, values.get(name)!)
    }
    return values
  } finally {
    files.close()
  }
}

function openAdapter(config: ModelConfig, folder: string): WeightFiles {
  const path = join(folder, weightsName)
  if (!existsSync(path))
    throw new DataError(`${path} is missing: ${adapterConfigName} beside it describes what it holds`, {
      suggestions: ['save the adapter again in PEFT, as safetensors'],
    })
  const files = WeightFiles.open(path)
  try {
    const places = trainedPlacesOf(config)
    for (const place of places) checkPlace(files, place)
    const known = new Set(places.map(({name}) => prefix + name))
    const extra = files.names.filter((name) => !known.has(name)).sort()
    if (extra.length > 0)
      throw new DataError(
        `${path}: tensor ${shown(extra[0])} is not an adapter of target_modules ${config.adapter!.targets.join(', ')}` +
          (extra.length > 1 ? `; nor are ${extra.length - 1} others` : ''),
      )
    return files
  } catch (error) {
    files.close()
    throw error
  }
}

function checkPlace(files: WeightFiles, {name, shape: expected}: Place): void {
  const tensor = prefix + name
  if (!files.has(tensor))
    throw new DataError(`${files.pathOf(files.names[0])}: tensor ${tensor} is missing; expected shape [${expected}]`)
  const shape = files.shapeOf(tensor)
  if (!isSameShape(shape, expected))
    throw new DataError(
      `${files.pathOf(tensor)}: tensor ${tensor} has shape [${shape}]; the base model and rank ask for [${expected}]`,
      {suggestions: ['name the base that it was trained on as base_model_name_or_path']},
    )
}

/**
 * Writes the adapters of a model as PEFT does, and where that is asked for the merged checkpoint.
 *
 * @throws {NumericError} naming the tensor that the element type cannot hold
 * @throws {RuntimeFailure} when the file system refuses
 */
export async function saveAdapter(state: ModelState, folder: string, format: SaveFormat): Promise<void> {
  const {config, weights} = state
  const tensors = trainedPlacesOf(config).map(
    (place) => [prefix + place.name, {shape: place.shape, data: valuesAt(weights, place)}] as const,
  )
  await writeSafetensors(join(folder, weightsName), new Map(tensors), storedDtypes[format.dtype])
  await writeAdapterConfig(folder, config.adapter!)
  if (!format.isMerged) return
  const merged = join(folder, mergedName)
  await guardWrite('creating', merged, () => mkdir(merged))
  await saveWeights(state, merged, format)
}
