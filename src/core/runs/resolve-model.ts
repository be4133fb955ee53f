import {existsSync, readdirSync, statSync} from 'node:fs'
import {basename, dirname, isAbsolute, join, resolve} from 'node:path'
import {pinned} from '../hub/address.js'
import {modelFiles} from '../hub/model-files.js'
import {type Origin, previewModel, resolveSource} from '../hub/resolve-source.js'
import {readAdapterConfig} from '../models/adapter-config.js'
import {adapterConfigName, isAdapterFolder} from '../models/adapter-files.js'
import {DataError} from '../util/errors.js'
import {type Progress, silentProgress} from '../util/progress.js'
import type {Rehearsal} from '../util/services.js'
import {foreignWeights} from '../weights/index.js'
import type {ModelPlace} from './model-place.js'
import {faultOfModel, ownCheckpoint, refuseDamaged, runOf} from './own-checkpoint.js'
import {checkpointFolder, checkpointSteps, newestSound} from './run-checkpoints.js'
import {readTrainerState} from './trainer-state.js'

/** A checkpoint to load, and what it is called in results. */
export interface ResolvedModel extends ModelPlace {
  readonly run: string
  readonly objective: string
  readonly step: number
  /** Commit of the Hub that it is; null for what was on this machine. */
  readonly origin: Origin | null
  /** Whether weights and tokenizer are here, too: not where a rehearsal found a `config.json` alone. */
  readonly isWhole: boolean
}

/** How a model of the Hub is fetched. */
export interface ModelRequest {
  /** The setting in words, for errors; `model` when absent. */
  readonly what?: string
  readonly progress?: Progress
  readonly signal?: AbortSignal
  /** See `Services`. */
  readonly folders?: ReadonlyMap<string, string>
  /** See `Services`. */
  readonly commits?: Map<string, string>
  /** The commit that the run was begun with; it stands in for a branch of the same repository. */
  readonly recorded?: Origin
  readonly rehearsal?: Rehearsal
}

/**
 * Finds the checkpoint that `--model` means: a checkpoint folder, a run directory's checkpoint of a step (its last one
 * when no step is given), or a Hub id, which is downloaded where the cache lacks it. Any of these may be adapters: then the
 * base that they name is found too. What a run wrote is compared with its manifest: where neither folder nor step is named,
 * damaged checkpoints are passed over.
 *
 * @throws {DataError} when there is none, or it is damaged
 */
export async function resolveModel(model: string, step?: number, request: ModelRequest = {}): Promise<ResolvedModel> {
  const found = await findModel(model, step, request)
  if (!isAdapterFolder(found.folder)) return {...found, base: null}
  const {folder, isWhole} = await findBase(found.folder, request)
  return {...found, base: folder, isWhole: found.isWhole && isWhole}
}

/** The checkpoint that adapters name as theirs, as PEFT finds it: a path, else an id on the Hub. */
async function findBase(adapters: string, request: ModelRequest): Promise<{folder: string; isWhole: boolean}> {
  const {base} = readAdapterConfig(adapters)
  const commit = base.revision === null ? '' : `@${base.revision}`
  const isPath = isAbsolute(base.name) || existsSync(base.name)
  const source = await locate(
    `${adapters}: its base`,
    isPath ? resolve(base.name) : `hf:${base.name}${commit}`,
    request,
  )
  if (existsSync(join(source.folder, 'config.json'))) {
    refuseDamaged(source.folder)
    return source
  }
  throw new DataError(`${adapters}: its base ${base.name} has no config.json, so it is not a checkpoint`, {
    suggestions: [`name a checkpoint as base_model_name_or_path in ${join(adapters, adapterConfigName)}`],
  })
}

async function locate(
  what: string,
  value: string,
  {progress = silentProgress, rehearsal, signal, folders, commits}: ModelRequest,
) {
  const request = {kind: 'model', files: modelFiles, progress, signal, folders, commits} as const
  return rehearsal
    ? await previewModel(what, value, request, rehearsal)
    : {...(await resolveSource(what, value, request)), isWhole: true}
}

async function findModel(
  model: string,
  step: number | undefined,
  request: ModelRequest,
): Promise<Omit<ResolvedModel, 'base'>> {
  const {
    folder: path,
    origin,
    isWhole,
  } = await locate(request.what ?? 'model', pinned(model, request.recorded), request)
  if (origin) {
    const run = `${basename(origin.id)}@${origin.revision.slice(0, 7)}`
    return {folder: path, run, objective: 'base', step: 0, origin, isWhole}
  }
  if (existsSync(join(path, 'config.json')) || isAdapterFolder(path)) {
    refuseDamaged(path)
    return describeCheckpoint(path, runOf(path))
  }
  const steps = await checkpointSteps(path)
  if (step === undefined ? steps.length === 0 : !steps.includes(step)) {
    const foreign = steps.length === 0 ? (besideCheckpoint(path) ?? foreignWeights(path)) : null
    const found = foreign ? foreign.what : `found: ${steps.join(', ') || 'none'}`
    throw new DataError(`${path} has no checkpoint${step === undefined ? '' : ` of step ${step}`}; ${found}`, {
      suggestions: [
        foreign?.remedy ?? 'give a checkpoint folder with config.json, or a run directory with checkpoints',
      ],
    })
  }
  if (step === undefined) return describeCheckpoint(await newestIntact(path, request.progress ?? silentProgress), path)
  refuseDamaged(checkpointFolder(path, step))
  return describeCheckpoint(checkpointFolder(path, step), path)
}

/**
 * The newest checkpoint of a run that is as it was written.
 *
 * @throws {DataError} when none is
 */
async function newestIntact(run: string, progress: Pick<Progress, 'warn'>): Promise<string> {
  const {folder, faults} = await newestSound(run, faultOfModel, progress)
  if (folder !== null) return folder
  throw new DataError(`none of the ${faults.length} checkpoints of ${run} is as it was written: ${faults[0]}`, {
    suggestions: ['put back what is missing or has changed', 'give another model'],
  })
}

/** What is said of a path that is near a checkpoint: a file of one, or the folder of a run's; null of any other. */
function besideCheckpoint(path: string): {readonly what: string; readonly remedy: string} | null {
  const seen = statSync(path, {throwIfNoEntry: false})
  if (seen?.isFile()) return {what: 'it is a file', remedy: `give the folder of a checkpoint, such as ${dirname(path)}`}
  const [step] = seen?.isDirectory() ? readdirSync(path).filter((name) => /^step-\d+$/.test(name)) : []
  if (step === undefined) return null
  return {
    what: 'it holds the checkpoints of a run',
    remedy: `give the run, ${dirname(path)}, or one of them, such as ${join(path, step)}`,
  }
}

/** @param run that the checkpoint is of, whose name it has; null where that is not known */
function describeCheckpoint(folder: string, run: string | null): Omit<ResolvedModel, 'base'> {
  const checkpoint = ownCheckpoint(folder)
  const common = {folder, run: basename(run ?? checkpoint ?? folder), origin: null, isWhole: true}
  if (checkpoint === null) return {...common, objective: 'base', step: 0}
  const {objective, step} = readTrainerState(checkpoint)
  return {...common, objective, step}
}
