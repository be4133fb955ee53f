import {adapterTargets} from '../../src/core/config/names.js'
import {LocalEngine} from '../../src/core/engine/local-engine.js'
import type {PolicyRequest} from '../../src/core/engine/update/policy-request.js'
import type {Adapter} from '../../src/core/models/adapter.js'
import type {ModelConfig} from '../../src/core/models/model-config.js'
import {requestFrom, sampledBy} from './policy-requests.js'
import {engineModel, optimizer, temporaryFolder, tinyEngine} from './tiny-engine.js'

/** Settings of adapters on every linear layer of some base, unless `changes` say otherwise. */
export function adapterOn(changes: Partial<Adapter> = {}): Adapter {
  return {
    rank: 3,
    alpha: 6,
    rsLora: false,
    targets: adapterTargets,
    base: {name: '/models/base', revision: null},
    ...changes,
  }
}

/** A model with adapters. */
export function adapted(model: ModelConfig, changes: Partial<Adapter> = {}): ModelConfig {
  return {...model, adapter: adapterOn(changes)}
}

/** Folder of a checkpoint of random weights. */
export async function randomBase(model = engineModel): Promise<string> {
  const engine = await tinyEngine({model})
  const folder = temporaryFolder()
  await engine.save(folder, false)
  await engine.close()
  return folder
}

/** An engine with fresh adapters on a checkpoint. */
export async function adaptedEngine(
  checkpoint: string,
  {threads = 1, ...changes}: Partial<Adapter> & {threads?: number} = {},
) {
  const engine = new LocalEngine({device: 'cpu', threads})
  await engine.load({checkpoint, adapter: {fresh: adapterOn(changes), seed: 1}})
  return engine
}

/** A policy request from completions that the engine samples. */
export async function sampledRequest(
  engine: LocalEngine,
  changes: Partial<PolicyRequest> = {},
): Promise<PolicyRequest> {
  const lengths = [3, 9, 17, 30]
  const own = {contextsPerMicroBatch: 2, optimizer: {...optimizer, learningRate: 0.02}, ...changes}
  return requestFrom(own, lengths, await sampledBy(engine, lengths))
}
