import {adapterTargets} from '../../src/core/config/names.js'
import type {Adapter} from '../../src/core/models/adapter.js'
import type {ModelConfig} from '../../src/core/models/model-config.js'

/** Settings of adapters on every linear layer of some base, unless `changes` say otherwise. */
export function adapterOn(changes: Partial<Adapter> = {}): Adapter {
  return {rank: 3, alpha: 6, targets: adapterTargets, base: {name: '/models/base', revision: null}, ...changes}
}

/** A model with adapters. */
export function adapted(model: ModelConfig, changes: Partial<Adapter> = {}): ModelConfig {
  return {...model, adapter: adapterOn(changes)}
}
