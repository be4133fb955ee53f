import {existsSync} from 'node:fs'
import {join} from 'node:path'
import type {Config} from '../config/schema.js'
import {mergedName} from '../engine/state/adapter-checkpoint.js'
import {type Manifest, manifestName, readManifest} from '../files/index.js'
import {isAdapterFolder} from '../models/adapter-files.js'
import {type Origins, recordedOrigins} from '../runs/origins.js'
import {recordedConfig} from '../runs/recorded-config.js'
import {checkpointFolder, checkpointSteps} from '../runs/run-checkpoints.js'
import {type RunIdentity, readIdentity} from '../runs/run-identity.js'
import {readTrainerState, type TrainerState} from '../runs/trainer-state.js'
import {DataError, Interrupted} from '../util/errors.js'

/** A checkpoint of a training run, and what the run says of itself. */
export interface TrainedRun {
  /** Absolute path of the run directory. */
  readonly path: string
  readonly identity: RunIdentity
  readonly config: Config
  readonly origins: Origins
  /** Absolute path of the checkpoint. */
  readonly folder: string
  /** Size in bytes and sha256 of its files, by name. */
  readonly files: Manifest['files']
  readonly state: TrainerState
  /** Whether it is adapters, which need their base. */
  readonly isAdapter: boolean
}

/**
 * Opens a checkpoint of a run, which may still be in progress.
 *
 * @param step the last checkpoint when absent
 * @param options `isMerged` takes the whole checkpoint beside adapters
 * @throws {DataError} when there is no such run or checkpoint, or it cannot be read
 */
export async function openTrainedRun(
  path: string,
  step?: number,
  {isMerged = false}: {readonly isMerged?: boolean} = {},
): Promise<TrainedRun> {
  const identity = readIdentity(path)
  if (identity?.command !== 'train')
    throw new DataError(
      `push: ${path} is not a training run; ${identity ? `rpt ${identity.command} made it` : 'it has no run.json'}`,
      {suggestions: ['give the --out of rpt train']},
    )
  const checkpoint = await findCheckpoint(path, step)
  return whileThere(checkpoint, () => readTrainedRun(path, identity, checkpoint, isMerged))
}

function readTrainedRun(path: string, identity: RunIdentity, checkpoint: string, isMerged: boolean): TrainedRun {
  const whole = readManifest(join(checkpoint, manifestName))
  if (typeof whole === 'string') throw damaged(checkpoint, whole)
  const {folder, files} = isMerged ? mergedPart(checkpoint, whole.files) : {folder: checkpoint, files: whole.files}
  return {
    path,
    identity,
    config: recordedConfig(path),
    origins: recordedOrigins(path),
    folder,
    files,
    state: readTrainerState(checkpoint),
    isAdapter: isAdapterFolder(folder),
  }
}

function mergedPart(checkpoint: string, files: Manifest['files']): {folder: string; files: Manifest['files']} {
  const prefix = `${mergedName}/`
  const inside = Object.entries(files).filter(([name]) => name.startsWith(prefix))
  if (inside.length > 0)
    return {
      folder: join(checkpoint, mergedName),
      files: Object.fromEntries(inside.map(([name, file]) => [name.slice(prefix.length), file])),
    }
  throw new DataError(`push: ${checkpoint} has no merged checkpoint`, {
    suggestions: [
      'leave out --merged',
      'set lora.merge=true and --resume the run, which then writes merged checkpoints',
    ],
  })
}

async function findCheckpoint(path: string, step: number | undefined): Promise<string> {
  const steps = await checkpointSteps(path)
  const chosen = step ?? steps.at(-1)
  if (chosen !== undefined && steps.includes(chosen)) return checkpointFolder(path, chosen)
  throw new DataError(
    `push: ${path} has no checkpoint${step === undefined ? '' : ` of step ${step}`}; found: ${steps.join(', ') || 'none'}`,
    {
      suggestions: [
        steps.length > 0 ? 'name one of these with --checkpoint' : 'continue training until one is written: --resume',
      ],
    },
  )
}

/**
 * Reads from a checkpoint, which training may remove meanwhile.
 *
 * @throws {DataError} that says so, in place of any error that came of it
 */
export async function whileThere<T>(checkpoint: string, body: () => T | Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (cause) {
    if (cause instanceof Interrupted || existsSync(checkpoint)) throw cause
    throw new DataError(`push: the checkpoint ${checkpoint} was removed while it was read; nothing was sent`, {
      cause,
      suggestions: [
        'run it again',
        'while training goes on, name one that stays with --checkpoint: checkpoint.keepLast spares those of checkpoint.steps',
      ],
    })
  }
}

/** The error for a checkpoint that is not as it was written. */
export function damaged(folder: string, reason: string): DataError {
  return new DataError(`push: the checkpoint ${folder} is damaged: ${reason}`, {
    suggestions: ['name another with --checkpoint', 'restore what is missing'],
  })
}
