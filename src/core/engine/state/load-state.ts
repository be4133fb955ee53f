import type {Adapter} from '../../models/adapter.js'
import type {ModelConfig} from '../../models/model-config.js'
import {checkAdapter, readAdapter} from './adapter-checkpoint.js'
import {checkWeights, loadWeights} from './checkpoint.js'
import type {InitializationSettings} from './initialize.js'
import {mergeAdapters} from './merge-adapter.js'
import {ModelState} from './model-state.js'

/** Adapters that begin to be trained. */
interface FreshAdapter {
  readonly fresh: Adapter
  readonly seed: number
}

/** Adapters of a folder, kept apart from the weights or merged into them. */
interface SavedAdapter {
  readonly folder: string
  readonly isMerged: boolean
}

/** Where weights come from: a checkpoint folder, or random numbers in the shape of a `config.json`; and adapters on them. */
export type WeightSource =
  | {readonly checkpoint: string; readonly adapter?: FreshAdapter | SavedAdapter}
  | {
      readonly config: string
      readonly init: InitializationSettings
      readonly seed: number
      readonly adapter?: FreshAdapter
    }

/**
 * Checks what a model is loaded from, by headers alone: before memory is taken for it.
 *
 * @param config what `describeModel` says of the source
 * @throws {DataError} when files are missing, unsound, or do not belong together
 */
export function checkSource(source: WeightSource, config: ModelConfig): void {
  const {adapter} = source
  if ('checkpoint' in source) checkWeights(withoutAdapter(config), source.checkpoint)
  if (adapter && 'folder' in adapter) checkAdapter(config, adapter.folder)
}

/**
 * Loads a model whose source was checked.
 *
 * @param config what `describeModel` says of the source
 * @throws {DataError} when a value is not finite, or files have changed since they were checked
 */
export async function loadState(source: WeightSource, config: ModelConfig): Promise<ModelState> {
  const {adapter} = source
  if (!adapter) return filled(withoutAdapter(config), source)
  if ('fresh' in adapter) {
    const state = await filled(config, source)
    state.initializeAdapters(adapter.seed)
    return state
  }
  const {folder, isMerged} = adapter
  const state = await filled(isMerged ? withoutAdapter(config) : config, source)
  const adapters = readAdapter(config, folder)
  if (isMerged) mergeAdapters(config, new Map([...state.weights, ...adapters]))
  else for (const [name, values] of adapters) state.weights.set(name, values)
  return state
}

function withoutAdapter(config: ModelConfig): ModelConfig {
  return {...config, adapter: null}
}

async function filled(config: ModelConfig, source: WeightSource): Promise<ModelState> {
  const state = new ModelState(config)
  if ('checkpoint' in source) await loadWeights(state, source.checkpoint)
  else state.initialize(source.init, source.seed)
  return state
}
