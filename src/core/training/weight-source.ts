import {adapterTargets} from '../config/names.js'
import type {Config} from '../config/schema.js'
import type {WeightSource as EngineSource} from '../engine/engine.js'
import {hashFile} from '../files/index.js'
import type {Adapter} from '../models/adapter.js'
import {readAdapterConfig} from '../models/adapter-config.js'
import {configFolder, fingerprintOfPlace, type ModelPlace, sourceOf} from '../runs/model-place.js'
import {type Origins, originsOf} from '../runs/origins.js'
import {type ResolvedModel, resolveModel} from '../runs/resolve-model.js'
import {UsageError} from '../util/errors.js'
import type {Services} from '../util/services.js'
import {fingerprintOfModel} from '../weights/index.js'

/** Where the first weights come from. */
export interface WeightSource {
  /** Checkpoint folder, of adapters that of their base; or `config.json` of random weights. */
  readonly path: string
  /** Null for random weights. */
  readonly place: ModelPlace | null
  /** The adapters that are trained; null where all weights are. */
  readonly adapter: Adapter | null
  readonly weights: EngineSource
  readonly origins: Origins
  /** Whether all of it is on this machine. */
  readonly isWhole: boolean
}

/**
 * Finds what a run starts from, and what it trains of it.
 *
 * @throws {DataError} when there is no such checkpoint
 * @throws {UsageError} when adapters are asked for that do not go with it
 */
export async function weightSource(config: Config, services: Services, recorded: Origins): Promise<WeightSource> {
  const {model, lora, seed} = config
  if (!model.path) {
    if (lora.rank > 0) refuseRandomBase(lora.rank)
    const weights = {config: model.config!, init: model.init, seed}
    return {path: model.config!, place: null, adapter: null, weights, origins: {}, isWhole: true}
  }
  const key = 'model.path'
  const resolved = await resolveModel(model.path, undefined, {...services, recorded: recorded[key]})
  const {folder, base, origin, isWhole} = resolved
  const common = {path: configFolder(resolved), place: {folder, base}, origins: originsOf([[key, origin]]), isWhole}
  const start = base === null ? startFromCheckpoint(config, resolved) : startFromAdapters(config, folder, base)
  return {...common, ...start}
}

type Start = Pick<WeightSource, 'adapter' | 'weights'>

function startFromCheckpoint({lora, seed}: Config, {folder, origin}: ResolvedModel): Start {
  const {rank, alpha, targets} = lora
  if (rank === 0) return {adapter: null, weights: {checkpoint: folder}}
  const base = {name: origin?.id ?? folder, revision: origin?.revision ?? null}
  const fresh = {rank, alpha, targets, base}
  return {adapter: fresh, weights: {checkpoint: folder, adapter: {fresh, seed}}}
}

/** Adapters go on where adapters are trained; a run that trains all weights starts from what they make of their base. */
function startFromAdapters({lora}: Config, folder: string, base: string): Start {
  if (lora.rank === 0) return {adapter: null, weights: {checkpoint: base, adapter: {folder, isMerged: true}}}
  const saved = readAdapterConfig(folder)
  const targets = adapterTargets.filter((target) => saved.targets.includes(target))
  const [given, there] = [lora, {...saved, targets}].map(({rank, alpha, targets: on}) => ({rank, alpha, targets: on}))
  const other = (['rank', 'alpha', 'targets'] as const).filter((key) => String(given[key]) !== String(there[key]))
  if (other.length === 0) return {adapter: saved, weights: sourceOf({folder, base})}
  const [now, then] = [given, there].map((one) => other.map((key) => `lora.${key} ${one[key]}`).join(', '))
  throw new UsageError(`train: ${folder} holds adapters with ${then}; the settings ask for ${now}`, {
    suggestions: [
      `go on with them: ${other.map((key) => `--set lora.${key}=${JSON.stringify(there[key])}`).join(' ')}`,
      'train all weights, adapters merged: leave lora.rank at 0',
    ],
  })
}

function refuseRandomBase(rank: number): never {
  throw new UsageError(`train: lora.rank is ${rank}, but model.config starts from random weights that nobody keeps`, {
    suggestions: ['give a checkpoint as --model', 'train all weights: leave lora.rank at 0'],
  })
}

/** Fingerprint of a checkpoint or adapters, or of the `config.json` of random weights. */
export function fingerprintOfSource({path, place}: WeightSource): string {
  return place === null ? hashFile(path) : fingerprintOfPlace(place)
}

/** Fingerprint of the weights that adapters are trained on; absent where all weights are trained. */
export function fingerprintOfBase({path, adapter}: WeightSource): {readonly base?: string} {
  return adapter ? {base: fingerprintOfModel(path)} : {}
}

/** What the engine loads to go on from a checkpoint of a run. */
export function resumedWeights({path, adapter}: WeightSource, folder: string): EngineSource {
  return sourceOf(adapter ? {folder, base: path} : {folder, base: null})
}
