import {existsSync} from 'node:fs'
import {join} from 'node:path'
import type {WeightSource} from '../engine/engine.js'
import {checkAdapter} from '../engine/state/adapter-checkpoint.js'
import {checkWeights} from '../engine/state/checkpoint.js'
import {fingerprintOf} from '../files/index.js'
import {readAdapterConfig} from '../models/adapter-config.js'
import {generationFile} from '../models/generation-config.js'
import {type ModelConfig, readModelConfig} from '../models/model-config.js'
import {DataError} from '../util/errors.js'
import {fingerprintOfModel} from '../weights/index.js'
import {readTrainerState, trainerStateFile} from './trainer-state.js'

/** Where a model lies: a checkpoint, or adapters with the checkpoint that they belong to. */
export interface ModelPlace {
  readonly folder: string
  /** Null for a checkpoint. */
  readonly base: string | null
}

/** The folders of a model, the base first; none of random weights. */
export function foldersOf(place: ModelPlace | null): string[] {
  return place ? [place.base, place.folder].filter((folder) => folder !== null) : []
}

/** The folder that has its `config.json`. */
export function configFolder({folder, base}: ModelPlace): string {
  return base ?? folder
}

/** The folder whose `generation_config.json` its checkpoints will have (see `readCompanions`); none where none has one. */
export function generationFolders(place: ModelPlace | null): string[] {
  return foldersOf(place)
    .filter((folder) => existsSync(generationFile(folder)))
    .slice(-1)
}

/** The folder that its tokenizer is read from: its own, or that of the base of adapters without one. */
export function tokenizerFolder({folder, base}: ModelPlace): string {
  return base !== null && !existsSync(join(folder, 'tokenizer.json')) ? base : folder
}

/** Reads what a model is, adapters included. Throws {DataError} when that cannot be read, or is a model that rpt refuses. */
export async function readModel(place: ModelPlace): Promise<ModelConfig> {
  const plain = await readModelConfig(configFolder(place))
  return place.base === null ? plain : {...plain, adapter: readAdapterConfig(place.folder)}
}

/**
 * Checks that the tensors of a model are there and fit, by headers alone, and that adapters lie beside the base that they
 * were trained on, where that is known.
 *
 * @throws {DataError} when something is missing, does not fit, or the base has changed
 */
export async function checkModel(place: ModelPlace): Promise<void> {
  const {folder, base} = place
  const model = await readModel(place)
  checkWeights(model, configFolder(place))
  if (base === null) return
  checkAdapter(model, folder)
  const trainedOn = existsSync(join(folder, trainerStateFile)) ? readTrainerState(folder).base : undefined
  if (trainedOn === undefined || trainedOn === fingerprintOfModel(base)) return
  throw new DataError(`${folder}: its base ${base} has changed since these adapters were trained on it`, {
    suggestions: ['restore the base as it was', 'name its commit, if it came from the Hub'],
  })
}

/** The model as the engine loads it, adapters kept apart. */
export function sourceOf(place: ModelPlace): WeightSource {
  const {folder, base} = place
  return base === null ? {checkpoint: folder} : {checkpoint: base, adapter: {folder, isMerged: false}}
}

/** Fingerprint of a model: of `config.json` and weights, and of adapters where there are any. */
export function fingerprintOfPlace({folder, base}: ModelPlace): string {
  if (base === null) return fingerprintOfModel(folder)
  const {rank, alpha, rsLora, targets} = readAdapterConfig(folder)
  const options = {base: fingerprintOfModel(base), rank, alpha, targets, ...(rsLora && {rsLora})}
  return fingerprintOf({inputs: [join(folder, 'adapter_model.safetensors')], options})
}
