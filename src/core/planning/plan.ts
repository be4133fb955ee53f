import {dirname} from 'node:path'
import {loadConfig, type SourcedConfig} from '../config/load.js'
import type {Config} from '../config/schema.js'
import {type MemoryDemand, reportMemory} from '../engine/memory/check-memory.js'
import {openEvaluation} from '../evaluation/evaluate.js'
import {evaluatedModels} from '../evaluation/evaluated-models.js'
import {lengthsOf, trainingDemand, unknownLengths} from '../evaluation/memory-plan.js'
import {packageVersion} from '../files/index.js'
import {readModelConfig} from '../models/model-config.js'
import {rehearsePreparation} from '../preparation/prepare-data.js'
import {preparedIn} from '../prepared/prepared.js'
import {resolveModel} from '../runs/run-directory.js'
import {recordedSettings} from '../runs/run-settings.js'
import {openTraining} from '../training/open-training.js'
import {silentProgress} from '../util/progress.js'
import type {Services} from '../util/services.js'

/** The memory of a command against what the machine has. */
export interface MemorySummary {
  readonly needed_bytes: number
  readonly available_bytes: number
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
  /** The batch identity, in words. */
  readonly batch: readonly string[]
  /** Estimated memory by class of tensor, bytes, largest first. */
  readonly memory: readonly {readonly name: string; readonly bytes: number}[]
  /** Absent where nothing is computed, or the model is not named. */
  readonly memory_summary?: MemorySummary
  readonly files: readonly string[]
  /** What is not there yet: what an earlier step would write or the Hub would send. */
  readonly missing: readonly string[]
}

interface Planner {
  readonly batch: (config: Config) => string
  /** Checks what the command would check before its work, and says what that work needs. */
  readonly demand: (config: Config, services: Services) => Promise<MemoryDemand | null>
  /** Below `out`. */
  readonly files: (config: Config) => readonly string[]
}

/** How each command is planned. */
const planners: Readonly<Record<string, Planner>> = {
  train: {
    batch: (config) => (config.train.objective === 'rpt' ? groupIdentity(config) : rowIdentity(config)),
    demand: async (config, services) => (await openTraining(config, services)).demand,
    files: ({train}) => [
      'config.resolved.yaml',
      'metrics.arrow',
      ...(train.objective === 'rpt' ? ['rollouts/step-*.arrow'] : []),
      'checkpoints/step-*',
      'summary.json',
    ],
  },
  eval: {
    batch: (config) => `${config.eval.limit ?? 'all'} held-out positions x modes ${config.eval.modes.join(', ')}`,
    // One model is in memory at a time.
    demand: async (config, services) => (await openEvaluation(config, services)).demands[0],
    files: () => ['eval.arrow', 'eval/step-*.arrow', 'summary.json'],
  },
  'prepare-data': {
    batch: ({data}) => `${data.limit ?? 'all'} documents, at most ${data.batchTokens} tokens scored at once`,
    demand: rehearsePreparation,
    files: () => ['documents.arrow', 'positions.arrow', 'tokenizer.json', 'manifest.json'],
  },
  'scaling-sweep': {
    batch: (config) =>
      `${pointCount(config)} points x checkpoints ${config.sweep.checkpoints.join(', ') || 'of checkpoint.steps'}`,
    demand: demandOfPoint,
    files: () => ['sweep.arrow', 'runs/*', 'summary.json', 'scaling-*.svg'],
  },
}

/** The settings that a command would record: those of an evaluation are in part those of the runs it evaluates. */
export async function settingsOf(
  command: string,
  loaded: SourcedConfig,
  services = rehearsing(command),
): Promise<SourcedConfig> {
  if (command !== 'eval') return loaded
  const models = await evaluatedModels(loaded, services)
  return recordedSettings(models.map((model) => ({name: model.run, loaded: model.loaded})))
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
 * What a command would compute, hold in memory and write; nothing is run or written. Memory that is short is shown, not
 * refused.
 *
 * @throws what the command would throw before its work
 */
export async function planOf(command: string, config: Config, services = rehearsing(command)): Promise<Plan> {
  const missing = new Set<string>()
  const planner = planners[command]
  if (!planner) return {batch: [], memory: [], files: [], missing: []}
  const demand = await planner.demand(config, {...services, rehearsal: {note: (line) => missing.add(line)}})
  return {
    batch: [planner.batch(config)],
    ...(demand ? memoryOf(demand, config) : {memory: []}),
    files: planner.files(config).map((file) => `${config.out}/${file}`),
    missing: [...missing],
  }
}

function memoryOf(demand: MemoryDemand, config: Config): Pick<Plan, 'memory' | 'memory_summary'> {
  const report = reportMemory(demand, config.memory)
  const {parts, largest, fits, setting} = report
  const {name, bytes} = largest
  return {
    memory: parts.map((part) => ({name: part.name, bytes: part.bytes})),
    memory_summary: {
      needed_bytes: report.neededBytes,
      available_bytes: report.availableBytes,
      fits,
      spare_bytes: report.spareBytes,
      largest: {name, bytes},
      setting,
    },
  }
}

/** Of a sweep's training config: its points are opened by the sweep itself. */
async function demandOfPoint({sweep: {train}}: Config, services: Services): Promise<MemoryDemand | null> {
  if (!train) return null
  const {config} = loadConfig({files: [train], cwd: dirname(train)})
  const {path, config: file} = config.model
  if (!path && !file) return null
  const folder = path ? (await resolveModel(path, undefined, services)).folder : file!
  const {dir} = config.data
  const data = dir === undefined ? null : await preparedIn(dir, services)
  return trainingDemand(config, await readModelConfig(folder), data ? lengthsOf(data, config) : unknownLengths)
}

/** contexts x G = completions = micro-batches x contexts x G. */
function groupIdentity({grpo}: Config): string {
  const {contextsPerStep, groupSize, miniBatches, contextsPerMicroBatch} = grpo
  const perUpdate = Math.ceil(contextsPerStep / miniBatches)
  const micro = Math.ceil(perUpdate / contextsPerMicroBatch)
  return `${contextsPerStep} contexts x ${groupSize} = ${contextsPerStep * groupSize} completions = ${miniBatches} updates x ${micro} micro-batches x ${contextsPerMicroBatch} contexts x ${groupSize}`
}

function rowIdentity({train}: Config): string {
  const micro = Math.ceil(train.batchRows / train.rowsPerMicroBatch)
  return `${train.batchRows} rows = ${micro} micro-batches x ${train.rowsPerMicroBatch} rows`
}

function pointCount({sweep}: Config): number {
  return Object.values(sweep.axes).reduce((product, values) => product * values.length, 1)
}
