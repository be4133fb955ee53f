import type {Adapter} from '../../models/adapter.js'
import {readAdapterConfig} from '../../models/adapter-config.js'
import {type ModelConfig, readModelConfig} from '../../models/model-config.js'
import {checkAdapter, readAdapter} from './adapter-checkpoint.js'
import {checkWeights, loadWeights} from './checkpoint.js'
import type {InitializationSettings} from './initialize.js'
import {mergeAdapters} from './merge-adapter.js'
import {ModelState} from './model-state.js'

/** Where adapters come from: a folder, kept apart from the weights or merged into them; or a fresh start. */
export type AdapterSource =
  | {readonly folder: string; readonly isMerged: boolean}
  | {readonly fresh: Adapter; readonly seed: number}

/** Where weights come from: a checkpoint folder, or random numbers in the shape of a `config.json`. */
export type WeightSource =
  | {readonly checkpoint: string; readonly adapter?: AdapterSource}
  | {readonly config: string; readonly init: InitializationSettings; readonly seed: number}

/**
 * Loads a model; headers are checked before memory is taken.
 *
 * @throws {DataError} when files are missing, unsound, or do not belong together
 */
export async function loadState(source: WeightSource): Promise<ModelState> {
  if ('config' in source) {
    const state = new ModelState(await readModelConfig(source.config))
    state.initialize(source.init, source.seed)
    return state
  }
  const {checkpoint, adapter} = source
  const plain = await readModelConfig(checkpoint)
  checkWeights(plain, checkpoint)
  if (!adapter) return filled(plain, checkpoint)
  if ('fresh' in adapter) {
    const state = await filled({...plain, adapter: adapter.fresh}, checkpoint)
    state.initializeAdapters(adapter.seed)
    return state
  }
  const {folder, isMerged} = adapter
  const config = {...plain, adapter: readAdapterConfig(folder)}
  checkAdapter(config, folder)
  const state = await filled(isMerged ? plain : config, checkpoint)
  const adapters = readAdapter(config, folder)
  if (isMerged) mergeAdapters(config, new Map([...state.weights, ...adapters]))
  else for (const [name, values] of adapters) state.weights.set(name, values as Float32Array<ArrayBuffer>)
  return state
}

async function filled(config: ModelConfig, checkpoint: string): Promise<ModelState> {
  const state = new ModelState(config)
  await loadWeights(state, checkpoint)
  return state
}
