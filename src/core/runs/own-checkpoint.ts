import {existsSync} from 'node:fs'
import {basename, dirname, join, resolve} from 'node:path'
import {mergedName} from '../engine/state/adapter-checkpoint.js'
import {manifestName, verifyFolder} from '../files/index.js'
import {DataError} from '../util/errors.js'
import {trainerStateFile} from './trainer-state.js'

/** Files that decide what a model computes. The others of a checkpoint may be changed on purpose, as a chat template is. */
const decisive = /^(?:config\.json|(?:model|adapter_model).*\.safetensors|model\.safetensors\.index\.json)$/

/**
 * The checkpoint of a run that a folder with a model is, or is the merged part of; null for what no run wrote, and for what
 * was stripped to be shared.
 */
export function ownCheckpoint(folder: string): string | null {
  const above = basename(folder) === mergedName ? [dirname(folder)] : []
  return [folder, ...above].find((one) => existsSync(join(one, trainerStateFile))) ?? null
}

/**
 * The run that a path is, or that its checkpoint lies in or lay in before it was dropped; null of any other, as of a checkpoint
 * copied out of its run.
 */
export function runOf(path: string): string | null {
  const checkpoint = ownCheckpoint(path)
  const isRun = (folder: string) => existsSync(join(folder, 'config.resolved.yaml'))
  if (checkpoint === null && isRun(path)) return path
  const around = dirname(resolve(checkpoint ?? path))
  return basename(around) === 'checkpoints' && isRun(dirname(around)) ? dirname(around) : null
}

/**
 * Why a model is not as its run wrote it, by the manifest of its checkpoint; null where it is, or nothing says what it was.
 * What the optimizer knows is compared where a run goes on.
 */
export function faultOfModel(folder: string): string | null {
  const checkpoint = ownCheckpoint(folder)
  if (checkpoint === null || !existsSync(join(checkpoint, manifestName))) return null
  const prefix = checkpoint === folder ? '' : `${mergedName}/`
  const isOfModel = (path: string) => path.startsWith(prefix) && decisive.test(path.slice(prefix.length))
  const verdict = verifyFolder(checkpoint, 'contents', isOfModel)
  return verdict.kind === 'invalid' ? verdict.reason : null
}

/** @throws {DataError} when a model is not as its run wrote it: names the file, what it is and what it should be */
export function refuseDamaged(folder: string): void {
  const fault = faultOfModel(folder)
  if (fault === null) return
  const manifest = join(ownCheckpoint(folder)!, manifestName)
  throw new DataError(`the checkpoint ${folder} is damaged: ${fault}`, {
    suggestions: ['copy it again, or name another checkpoint', `to use it as it is, remove ${manifest}`],
  })
}
