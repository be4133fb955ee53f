import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {requireKeys} from '../config/load.js'
import {trainingNeeds} from '../config/needs.js'
import type {Config} from '../config/schema.js'
import type {Engine} from '../engine/engine.js'
import type {MemoryDemand} from '../engine/memory/check-memory.js'
import {checkWeights} from '../engine/state/checkpoint.js'
import {lengthsOf, trainingDemand, unknownLengths} from '../evaluation/memory-plan.js'
import {hashFile} from '../files/index.js'
import {type ModelConfig, readModelConfig} from '../models/model-config.js'
import {readRows} from '../objectives/language-model.js'
import {checkPrompts} from '../objectives/objective.js'
import {checkHeldOut, checkTrainable} from '../prepared/check-positions.js'
import {type PreparedData, preparedIn, withoutDocuments} from '../prepared/prepared.js'
import type {TrainingRow} from '../records/records.js'
import {checkReward} from '../rewards/reward.js'
import {dataFor} from '../runs/check-model.js'
import {type Origins, originsOf, recordedOrigins} from '../runs/origins.js'
import {refuseOccupied} from '../runs/output-folder.js'
import {findResumePoint, type ResumePoint} from '../runs/run-checkpoints.js'
import {resolveModel} from '../runs/run-directory.js'
import type {Services} from '../util/services.js'
import {fingerprintOfModel} from '../weights/index.js'

/** What a training run starts from, checked as far as that goes without an engine. */
export interface TrainingStart {
  readonly source: WeightSource
  readonly model: ModelConfig
  /** Null in a rehearsal where they are not there yet. */
  readonly data: PreparedData | null
  readonly resumed: ResumePoint | null
  /** Rows of `sft.completions`; null for other objectives. */
  readonly rows: readonly TrainingRow[] | null
  readonly demand: MemoryDemand
}

/**
 * Opens all that a training run reads and checks that it fits together: the whole of `--dry-run`, the beginning of `train`.
 *
 * @throws {UsageError} for settings that cannot work, and an output folder that may be neither continued nor replaced
 * @throws {DataError} for inputs that cannot be read or do not belong together
 */
export async function openTraining(
  config: Config,
  services: Services,
  begunWith: Origins = {},
): Promise<TrainingStart> {
  if (!services.rehearsal) requireKeys(config, trainingNeeds(config))
  const state = await refuseOccupied(config, services)
  const resumed = state === 'ours' && services.resume ? await findResumePoint(config, services) : null
  const prepared = config.data.dir === undefined ? null : await preparedIn(config.data.dir, services)
  const recorded = {...begunWith, ...(services.resume && recordedOrigins(config.out!))}
  const source = await weightSource(config, services, recorded)
  const model = await readModelConfig(source.path)
  const given = prepared ?? (await tokenizerAlone(config, source))
  const fitted = given && (await dataFor(source.path, given, services.progress))
  if (source.checkpoint && source.isWhole) checkWeights(model, source.checkpoint)
  checkSettings(config, model, fitted)
  const rows = fitted && config.train.objective === 'sft' ? await readRows(config, model, fitted) : null
  const data = config.data.dir === undefined || prepared ? fitted : null
  if (data) checkTrainable(config, data)
  if (data && isEvaluated(config)) checkHeldOut(data)
  const lengths = {...(data ? lengthsOf(data, config) : unknownLengths), ...(rows && {completion: longestOf(rows)})}
  warnOfWarmup(config, services)
  return {source, model, data, resumed, rows, demand: trainingDemand(config, model, lengths)}
}

/** The model's tokenizer in place of data that are not asked for, or in a rehearsal not there yet; null where it has none. */
async function tokenizerAlone({data: {dir}}: Config, source: WeightSource): Promise<PreparedData | null> {
  const {checkpoint, isWhole} = source
  if (checkpoint === null || !isWhole) return null
  return dir === undefined || existsSync(join(checkpoint, 'tokenizer.json')) ? withoutDocuments(checkpoint) : null
}

/** Whether evaluations while training fall due. */
function isEvaluated({eval: {every}, train: {steps}}: Config): boolean {
  return every > 0 && every <= steps
}

function longestOf(rows: readonly TrainingRow[]): number {
  return rows.reduce((longest, {ids}) => Math.max(longest, ids.length), 0)
}

function warnOfWarmup({optim: {warmupSteps}, train: {steps}}: Config, {progress}: Services): void {
  if (warmupSteps > steps && steps > 0)
    progress.warn(`optim.warmupSteps is ${warmupSteps} of ${steps} steps: optim.learningRate is never reached`)
}

/** Refuses names and templates that no step could use, before anything is loaded. */
function checkSettings(config: Config, model: ModelConfig, data: PreparedData | null): void {
  const {objective} = config.train
  const {every, modes} = config.eval
  if (objective !== 'rpt' && every === 0) return
  checkReward(config.reward.name)
  const isSampled = objective === 'rpt' || modes.some((mode) => mode !== 'standard')
  if (data && isSampled) checkPrompts(config, model, data.tokenizer)
}

/** Where the first weights come from. */
export interface WeightSource {
  /** Checkpoint folder, or `config.json` of random weights. */
  readonly path: string
  /** The folder; null for random weights. */
  readonly checkpoint: string | null
  readonly weights: Parameters<Engine['load']>[0]
  readonly origins: Origins
  /** Whether all of it is on this machine. */
  readonly isWhole: boolean
}

/** Fingerprint of a checkpoint, or of the `config.json` of random weights. */
export function fingerprintOfSource({path, checkpoint}: WeightSource): string {
  return checkpoint === null ? hashFile(path) : fingerprintOfModel(checkpoint)
}

async function weightSource({model, seed}: Config, services: Services, recorded: Origins): Promise<WeightSource> {
  if (!model.path)
    return {
      path: model.config!,
      checkpoint: null,
      weights: {config: model.config!, init: model.init, seed},
      origins: {},
      isWhole: true,
    }
  const key = 'model.path'
  const {folder, origin, isWhole} = await resolveModel(model.path, undefined, {...services, recorded: recorded[key]})
  const origins = originsOf([[key, origin]])
  return {path: folder, checkpoint: folder, weights: {checkpoint: folder}, origins, isWhole}
}
