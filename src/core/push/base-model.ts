import {existsSync} from 'node:fs'
import {isAbsolute} from 'node:path'
import {readHubName} from '../hub/address.js'
import {readAdapterConfig} from '../models/adapter-config.js'
import {recordedOrigins} from '../runs/origins.js'
import {runOf} from '../runs/own-checkpoint.js'
import {recordedConfig} from '../runs/recorded-config.js'
import {readIdentity} from '../runs/run-identity.js'
import {UsageError} from '../util/errors.js'
import type {TrainedRun} from './trained-run.js'

/** The model on the Hub that a checkpoint goes back to. */
export interface BaseModel {
  readonly id: string
  /** Commit, branch or tag; null where it is not known. */
  readonly revision: string | null
}

/**
 * The model on the Hub that a run began with, itself or by way of earlier runs; null where none is known.
 *
 * @param named `owner/name`, with `@revision` or not, as the user names it
 * @throws {UsageError} for adapters on a folder of this machine: nobody else could load them
 */
export function baseModelOf(run: TrainedRun, named: string | undefined): BaseModel | null {
  if (named !== undefined) return readHubName('--base-model', named)
  if (!run.isAdapter) return firstOrigin(run.path)
  const {base} = readAdapterConfig(run.folder)
  if (!isAbsolute(base.name) && !existsSync(base.name)) return {id: base.name, revision: base.revision}
  throw new UsageError(`push: these adapters belong to ${base.name}, a folder on this machine, which nobody else has`, {
    suggestions: [
      'push the base first, and name it with --base-model owner/name',
      'or push the whole checkpoint that lora.merge=true writes: --merged',
    ],
  })
}

/** Follows `model.path` from run to run, to the first that began with a model of the Hub. */
function firstOrigin(runPath: string, seen: readonly string[] = []): BaseModel | null {
  const {'model.path': origin} = recordedOrigins(runPath)
  if (origin) return {id: origin.id, revision: origin.revision}
  const {path} = recordedConfig(runPath).model
  const earlier = path === undefined ? null : trainingRunOf(path)
  return earlier === null || seen.includes(earlier) ? null : firstOrigin(earlier, [...seen, runPath])
}

/** The training run that a path is, or is a checkpoint of; null where it is none. */
function trainingRunOf(path: string): string | null {
  const run = isAbsolute(path) ? runOf(path) : null
  return run !== null && readIdentity(run)?.command === 'train' ? run : null
}
