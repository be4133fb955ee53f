import type {SourcedConfig} from '../config/load.js'
import type {UpdateModeName} from '../config/names.js'
import type {Config} from '../config/schema.js'
import {type MemoryDemand, type PlaceReport, reportMemory} from '../engine/memory/check-memory.js'
import {describeUpdate} from '../engine/traffic/describe-update.js'
import {bytesOf, stepTraffic} from '../engine/traffic/step-traffic.js'
import {packageVersion} from '../files/index.js'
import {allParametersOf, trainedCount} from '../models/adapters.js'
import {countOf} from '../models/parameters.js'
import {devices} from '../runtime/devices.js'
import {silentProgress} from '../util/progress.js'
import type {Services} from '../util/services.js'
import {planners} from './planners.js'

/** A command's need of a memory against what there is. */
export interface MemorySummary {
  readonly needed_bytes: number
  /** Null where it is not known. */
  readonly available_bytes: number | null
  readonly fits: boolean
  /** What graphs of other lengths may keep besides, as long as there is room. */
  readonly spare_bytes: number
  /** The largest class of tensors. */
  readonly largest: {readonly name: string; readonly bytes: number}
  /** The setting that shrinks it. */
  readonly setting: string | null
}

/** What a command would do, for `--dry-run`. */
export interface Plan {
  /** The batch identity, in words, and what decides which contexts it holds. */
  readonly batch: readonly string[]
  /** Numbers of the model's weights and adapters, and how many of them are trained; absent where nothing is trained. */
  readonly parameters?: {readonly trained: number; readonly total: number}
  /** Which instruction prompts are in, and how long it is; absent where nothing is prompted. */
  readonly prompts?: readonly string[]
  /** Estimated memory by class of tensor, bytes, largest first. */
  readonly memory: readonly {readonly name: string; readonly bytes: number}[]
  /** Absent where nothing is computed, or the model is not named. */
  readonly memory_summary?: MemorySummary
  /** The same of a device that has memory of its own; `memory` is then the host's. Null where it has none. */
  readonly device_memory?: {readonly parts: Plan['memory']; readonly summary: MemorySummary} | null
  /** How updates would be computed; absent where nothing is trained. */
  readonly update_mode?: UpdateModeName
  /** The same in words. */
  readonly update?: string
  /** Micro-batches that would be computed together; absent where nothing is trained. */
  readonly micro_batches_at_once?: number
  /** What a step moves at most where runs copy what they are fed, bytes both ways; null elsewhere. */
  readonly bus_bytes?: {readonly sampling: number; readonly update: number} | null
  readonly files: readonly string[]
  /** What is not there yet: what an earlier step would write or the Hub would send. */
  readonly missing: readonly string[]
}

/** What a command would do, and the settings that it would record. */
export interface Planned extends Plan {
  /** Those given, or with what comes from the checkpoints and runs that the command reads. */
  readonly recorded: SourcedConfig
}

/** Services of a caller that only wants the plan. */
function rehearsing(command: string): Services {
  return {
    progress: silentProgress,
    signal: new AbortController().signal,
    sources: new Map(),
    command,
    version: packageVersion,
    resume: false,
    overwrite: false,
  }
}

/**
 * What a command would compute, hold in memory and write, and the settings that it would record; nothing is run or
 * written. Memory that is short is shown, not refused.
 *
 * @throws what the command would throw before its work
 */
export async function planOf(command: string, config: Config, services = rehearsing(command)): Promise<Planned> {
  const missing = new Set<string>()
  const given = {config, sources: services.sources}
  const planner = planners[command]
  if (!planner) return {batch: [], memory: [], files: [], missing: [], recorded: given}
  const {
    demand,
    recorded = given,
    prompts = [],
    order = [],
  } = await planner.open(config, {
    ...services,
    rehearsal: {note: (line) => missing.add(line)},
  })
  return {
    batch: [planner.batch(config), ...order],
    ...(prompts.length > 0 && {prompts}),
    ...(demand ? {...parametersIn(demand), ...memoryOf(demand, config)} : {memory: []}),
    files: planner.files(config).map((file) => (file === '' ? config.out! : `${config.out}/${file}`)),
    missing: [...missing],
    recorded,
  }
}

function parametersIn({work: {model, policy, languageModel}}: MemoryDemand): Pick<Plan, 'parameters'> {
  if (!policy && !languageModel) return {}
  return {parameters: {trained: trainedCount(model), total: countOf(allParametersOf(model))}}
}

function memoryOf(demand: MemoryDemand, config: Config): Omit<Plan, 'batch' | 'files' | 'missing'> {
  const {device, ...host} = reportMemory(demand, config.memory)
  const {updateMode, microBatchesAtOnce} = demand.work
  return {
    ...(updateMode && {
      update_mode: updateMode,
      micro_batches_at_once: microBatchesAtOnce,
      bus_bytes: movedIn(demand),
      update: describeUpdate(demand, config.update.mode),
    }),
    memory: partsOf(host),
    memory_summary: summaryOf(host),
    device_memory: device && {parts: partsOf(device), summary: summaryOf(device)},
  }
}

function movedIn({work, device}: MemoryDemand): Plan['bus_bytes'] {
  if (devices[device].readsInPlace) return null
  const {rollout, update} = stepTraffic(work, devices[device])
  return {sampling: bytesOf(rollout), update: bytesOf(update)}
}

function partsOf({parts}: PlaceReport): Plan['memory'] {
  return parts.map(({name, bytes}) => ({name, bytes}))
}

function summaryOf({largest: {name, bytes}, fits, setting, ...report}: PlaceReport): MemorySummary {
  return {
    needed_bytes: report.neededBytes,
    available_bytes: report.availableBytes,
    fits,
    spare_bytes: report.spareBytes,
    largest: {name, bytes},
    setting,
  }
}
