import {readAdapterConfig} from '../../models/adapter-config.js'
import {type ModelConfig, readModelConfig} from '../../models/model-config.js'
import type {WeightSource} from './load-state.js'

/**
 * What the files beside weights say of a model, its adapters included. The engine's thread is handed it: what checks such
 * files takes as long to load as all of the engine's own code.
 *
 * @throws {DataError} when a file cannot be read, or describes a model or adapters that rpt refuses
 */
export async function describeModel(source: WeightSource): Promise<ModelConfig> {
  const {adapter} = source
  const plain = await readModelConfig('config' in source ? source.config : source.checkpoint)
  if (!adapter) return plain
  return {...plain, adapter: 'fresh' in adapter ? adapter.fresh : readAdapterConfig(adapter.folder)}
}
