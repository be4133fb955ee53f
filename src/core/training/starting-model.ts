import type {Config} from '../config/schema.js'
import type {WeightSource} from '../engine/engine.js'
import {hashFile} from '../files/index.js'
import type {Adapter, BaseName} from '../models/adapter.js'
import {readAdapterConfig} from '../models/adapter-config.js'
import {configFolder, fingerprintOfPlace, type ModelPlace, sourceOf} from '../runs/model-place.js'
import {type Origins, originsOf} from '../runs/origins.js'
import {type ResolvedModel, resolveModel} from '../runs/resolve-model.js'
import {UsageError} from '../util/errors.js'
import type {Services} from '../util/services.js'
import {fingerprintOfModel} from '../weights/index.js'

/** The model that a run starts from. */
export interface StartingModel {
  /** Checkpoint folder, of adapters that of their base; or `config.json` of random weights. */
  readonly path: string
  /** Null for random weights. */
  readonly place: ModelPlace | null
  /** The adapters that are trained; null where all weights are. */
  readonly adapter: Adapter | null
  readonly weights: WeightSource
  /** What it was trained with before; null for random weights. */
  readonly objective: string | null
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
export async function startingModel(config: Config, services: Services, recorded: Origins): Promise<StartingModel> {
  const {model, lora, seed} = config
  if (!model.path) {
    const path = model.config!
    const adapter = lora.rank > 0 ? unkeptAdapter(config, path, services) : null
    const weights = {config: path, init: model.init, seed}
    return {path, place: null, adapter, weights, objective: null, origins: {}, isWhole: true}
  }
  const key = 'model.path'
  const resolved = await resolveModel(model.path, undefined, {...services, recorded: recorded[key]})
  const {folder, base, objective, origin, isWhole} = resolved
  const origins = originsOf([[key, origin]])
  const common = {path: configFolder(resolved), place: {folder, base}, objective, origins, isWhole}
  if (base === null) return {...common, ...startFromCheckpoint(config, resolved)}
  const what = lora.rank > 0 ? 'are trained further' : `are merged into ${base}, and all weights are trained`
  services.progress.log(`train: the adapters of ${folder} ${what}`)
  return {...common, ...startFromAdapters(config, folder, base)}
}

type Start = Pick<StartingModel, 'adapter' | 'weights'>

function startFromCheckpoint({lora, seed}: Config, {folder, origin}: ResolvedModel): Start {
  if (lora.rank === 0) return {adapter: null, weights: {checkpoint: folder}}
  const fresh = freshAdapter(lora, {name: origin?.id ?? folder, revision: origin?.revision ?? null})
  return {adapter: fresh, weights: {checkpoint: folder, adapter: {fresh, seed}}}
}

/** Adapters go on where adapters are trained; a run that trains all weights starts from what they make of their base. */
function startFromAdapters({lora}: Config, folder: string, base: string): Start {
  if (lora.rank === 0) return {adapter: null, weights: {checkpoint: base, adapter: {folder, isMerged: true}}}
  const saved = readAdapterConfig(folder)
  const other = (['rank', 'alpha', 'rsLora', 'targets'] as const).filter(
    (key) => String(lora[key]) !== String(saved[key]),
  )
  if (other.length === 0) return {adapter: saved, weights: sourceOf({folder, base})}
  const [now, then] = [lora, saved].map((one) => other.map((key) => `lora.${key} ${one[key]}`).join(', '))
  throw new UsageError(`train: ${folder} holds adapters with ${then}; the settings ask for ${now}`, {
    suggestions: [
      `continue with them: ${other.map((key) => `--set lora.${key}=${JSON.stringify(saved[key])}`).join(' ')}`,
      'merge the adapters and train all weights: leave lora.rank at 0',
    ],
  })
}

function freshAdapter({rank, alpha, rsLora, targets}: Config['lora'], base: BaseName): Adapter {
  return {rank, alpha, rsLora, targets, base}
}

/** A rehearsal may ask what adapters would need beside weights of that shape; nobody keeps random ones. */
function unkeptAdapter({lora}: Config, path: string, {rehearsal}: Services): Adapter {
  const problem = `lora.rank is ${lora.rank}, but model.config starts from random weights that nobody keeps`
  if (!rehearsal)
    throw new UsageError(`train: ${problem}`, {
      suggestions: ['give a checkpoint as --model', 'train all weights: leave lora.rank at 0'],
    })
  rehearsal.note(`a checkpoint for the adapters: ${problem}`)
  return freshAdapter(lora, {name: path, revision: null})
}

/** Fingerprint of a checkpoint or adapters, or of the `config.json` of random weights. */
export function fingerprintOfStart({path, place}: StartingModel): string {
  return place === null ? hashFile(path) : fingerprintOfPlace(place)
}

/** Fingerprint of the weights that adapters are trained on; absent where all weights are trained. */
export function fingerprintOfBase({path, adapter}: StartingModel): {readonly base?: string} {
  return adapter ? {base: fingerprintOfModel(path)} : {}
}

/** What the engine loads to go on from a checkpoint of a run. */
export function resumedWeights({path, adapter}: StartingModel, folder: string): WeightSource {
  return sourceOf(adapter ? {folder, base: path} : {folder, base: null})
}
