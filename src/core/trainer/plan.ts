import {existsSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {type LoadedConfig, loadConfig} from '../config/load.js'
import type {Config} from '../config/schema.js'
import {openPrepared} from '../data/prepared.js'
import {checkMemory, type MemoryDemand, reportMemory} from '../engine/check-memory.js'
import {scoringDemand} from '../engine/score-memory.js'
import {resolveSource} from '../hub/resolve-source.js'
import {type ModelConfig, readModelConfig} from '../models/model-config.js'
import {type Progress, silentProgress} from '../util/progress.js'
import {evaluatedModels} from './evaluated-models.js'
import {evaluationDemand, type Lengths, lengthsOf, trainingDemand, unknownLengths} from './memory-plan.js'
import {resolveModel} from './run-directory.js'
import {recordedSettings} from './run-settings.js'

/** The memory of a command against what the machine has. */
export interface MemorySummary {
  readonly needed_bytes: number
  readonly available_bytes: number
  readonly fits: boolean
  /** What graphs of other lengths may keep besides, as long as there is room. */
  readonly spare_bytes: number
  readonly largest: {readonly name: string; readonly shape: readonly number[]; readonly bytes: number}
  /** The setting that shrinks the largest tensor. */
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
}

interface Planner {
  readonly batch: (config: Config) => string
  readonly demand: (config: Config, sources: LoadedConfig['sources']) => Promise<MemoryDemand | null>
  /** Below `out`. */
  readonly files: (config: Config) => readonly string[]
}

/** How each command is planned. */
const planners: Readonly<Record<string, Planner>> = {
  train: {
    batch: (config) => (config.train.objective === 'rpt' ? groupIdentity(config) : rowIdentity(config)),
    demand: demandOfTraining,
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
    demand: demandOfEvaluation,
    files: () => ['eval.arrow', 'eval/step-*.arrow', 'summary.json'],
  },
  'prepare-data': {
    batch: ({data}) => `${data.limit ?? 'all'} documents, at most ${data.batchTokens} tokens scored at once`,
    demand: async ({data}) =>
      data.proxy && !data.documentsOnly ? scoringDemand(await proxyModel(data.proxy), data, data.batchTokens) : null,
    files: () => ['documents.arrow', 'positions.arrow', 'tokenizer.json', 'manifest.json'],
  },
  'scaling-sweep': {
    batch: (config) =>
      `${pointCount(config)} points x checkpoints ${config.sweep.checkpoints.join(', ') || 'of checkpoint.steps'}`,
    demand: async ({sweep: {train}}) =>
      train ? demandOfTraining(loadConfig({files: [train], cwd: dirname(train)}).config) : null,
    files: () => ['sweep.arrow', 'runs/*', 'summary.json', 'scaling-*.svg'],
  },
}

/** The settings that a command would record: those of an evaluation are in part those of the runs it evaluates. */
export async function settingsOf(command: string, loaded: LoadedConfig): Promise<LoadedConfig> {
  if (command !== 'eval') return loaded
  const models = await evaluatedModels(loaded, {files})
  return recordedSettings(models.map((model) => ({name: model.run, loaded: model.loaded})))
}

/** What a command would compute, hold in memory and write; nothing is run or written. */
export async function planOf(
  command: string,
  config: Config,
  sources: LoadedConfig['sources'] = new Map(),
): Promise<Plan> {
  const planner = planners[command]
  if (!planner) return {batch: [], memory: [], files: []}
  const demand = await planner.demand(config, sources)
  return {
    batch: [planner.batch(config)],
    ...(demand ? memoryOf(demand, config) : {memory: []}),
    files: planner.files(config).map((file) => `${config.out}/${file}`),
  }
}

function memoryOf(demand: MemoryDemand, config: Config): Pick<Plan, 'memory' | 'memory_summary'> {
  const report = reportMemory(demand, config.memory)
  const {parts, largest, fits, setting} = report
  const {name, shape, bytes} = largest
  return {
    memory: parts.map((part) => ({name: part.name, bytes: part.bytes})),
    memory_summary: {
      needed_bytes: report.neededBytes,
      available_bytes: report.availableBytes,
      fits,
      spare_bytes: report.spareBytes,
      largest: {name, shape, bytes},
      setting,
    },
  }
}

/**
 * Says what memory a training run needs, before it or any other of a sweep begins.
 *
 * @throws {UsageError} when it cannot fit
 */
export async function checkTraining(config: Config, progress: Progress): Promise<void> {
  const demand = await demandOfTraining(config)
  if (demand) progress.log(checkMemory('train', demand, config.memory))
}

async function demandOfTraining(config: Config): Promise<MemoryDemand | null> {
  const {path, config: file} = config.model
  if (!path && !file) return null
  const model = await readModelConfig(path ? (await resolveModel(path, undefined, {files})).folder : file!)
  return trainingDemand(config, model, await knownLengths(config))
}

/** Lengths of the prepared data, if it is there already. */
async function knownLengths(config: Config): Promise<Lengths> {
  const {dir} = config.data
  return dir && existsSync(join(dir, 'manifest.json')) ? lengthsOf(await openPrepared(dir), config) : unknownLengths
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

/** All that a plan reads of a model: nothing else is fetched. */
function files(path: string): boolean {
  return path === 'config.json'
}

async function proxyModel(proxy: string): Promise<ModelConfig> {
  const source = await resolveSource('proxy', proxy, {kind: 'model', files, progress: silentProgress})
  return readModelConfig(source.folder)
}

/** Of the first of the models evaluated: one is in memory at a time. */
async function demandOfEvaluation(given: Config, sources: LoadedConfig['sources']): Promise<MemoryDemand> {
  const [{folder, loaded}] = await evaluatedModels({config: given, sources}, {files})
  return evaluationDemand(loaded.config, await readModelConfig(folder), await knownLengths(loaded.config))
}

function pointCount({sweep}: Config): number {
  return Object.values(sweep.axes).reduce((product, values) => product * values.length, 1)
}
