import {existsSync} from 'node:fs'
import {readdir} from 'node:fs/promises'
import {join} from 'node:path'
import type {Config} from '../config/schema.js'
import {removeFolder, verifyFolder} from '../files/index.js'
import {metricsTable, readTable} from '../tables/index.js'
import {DataError, UsageError} from '../util/errors.js'
import {minOf} from '../util/extremes.js'
import type {Progress} from '../util/progress.js'
import type {Services} from '../util/services.js'
import {recordedConfig} from './recorded-config.js'
import {readTrainerState, type TrainerState} from './trainer-state.js'

/** A checkpoint that a run goes on from. */
export interface ResumePoint {
  readonly folder: string
  readonly state: TrainerState
  /** Step of the newest checkpoint of the run, which may be a broken one. */
  readonly newest: number
}

const optimizerFile = 'optimizer.safetensors'

/**
 * The newest checkpoint of a run that is whole; broken ones are named and passed over. Null where none was written yet.
 *
 * @throws {DataError} when there are checkpoints and none is whole, or they are gone: the run would start anew by itself
 */
export async function findResumePoint(
  {out, checkpoint}: Config,
  {progress, command}: Pick<Services, 'progress' | 'command'>,
): Promise<ResumePoint | null> {
  const newest = await newestStep(out!)
  const {folder, faults} = await newestSound(out!, (one) => faultOf(one, 'contents'), progress)
  if (folder !== null) return {folder, state: readTrainerState(folder), newest}
  const suggestions = ['put back what is missing', 'begin a new run: --model with a checkpoint, and another --out']
  if (faults.length > 0)
    throw new DataError(
      `${command}: none of the ${faults.length} checkpoints of ${out} can be resumed from: ${faults[0]}`,
      {
        suggestions,
      },
    )
  const metrics = join(out!, 'metrics.arrow')
  const done = existsSync(metrics) ? (readTable(metrics, metricsTable).at(-1)?.step ?? 0) : 0
  // A killed run may have done a step and not saved it; further than that it had a checkpoint.
  const {every, steps} = existsSync(join(out!, 'config.resolved.yaml')) ? recordedConfig(out!).checkpoint : checkpoint
  if (done > minOf([every, ...steps.filter((step) => step > 0)]))
    throw new DataError(`${command}: ${out} has done ${done} steps, but its checkpoints are gone`, {suggestions})
  if (done > 0) progress.warn(`${out}: no checkpoint was written before step ${done}; training begins again at step 1`)
  return null
}

/**
 * The newest checkpoint of a run that has no fault; later ones are named and passed over.
 *
 * @param faultOf what is wrong with a checkpoint folder; null where nothing is
 * @returns the folder, or null with what is wrong with each, the newest first
 */
export async function newestSound(
  runPath: string,
  faultOf: (folder: string) => string | null,
  {warn}: Pick<Progress, 'warn'>,
): Promise<{readonly folder: string | null; readonly faults: readonly string[]}> {
  const faults: string[] = []
  for (const step of (await checkpointSteps(runPath)).toReversed()) {
    const folder = checkpointFolder(runPath, step)
    const fault = faultOf(folder)
    if (fault === null) {
      for (const passed of faults) warn(`a checkpoint is skipped: ${passed}`)
      return {folder, faults: []}
    }
    faults.push(fault)
  }
  return {folder: null, faults}
}

/** Why a checkpoint cannot be resumed from; null where it can. `sizes` leaves the contents unread. */
function faultOf(folder: string, depth: 'sizes' | 'contents'): string | null {
  const verdict = verifyFolder(folder, depth)
  if (verdict.kind === 'invalid') return verdict.reason
  return existsSync(join(folder, optimizerFile)) ? null : `${join(folder, optimizerFile)} is missing`
}

/**
 * Removes the checkpoints that neither `steps` nor the last `keepLast` hold. Those that are broken, or beyond `present`, left
 * by an attempt that went further, do not count and stay.
 *
 * @returns the steps of those that were removed, ascending
 */
export async function pruneCheckpoints(
  runPath: string,
  present: number,
  {steps, keepLast}: Pick<Config['checkpoint'], 'steps' | 'keepLast'>,
): Promise<number[]> {
  const sound = (await checkpointSteps(runPath)).filter(
    (step) => step <= present && faultOf(checkpointFolder(runPath, step), 'sizes') === null,
  )
  const surplus = sound.filter((step) => !steps.includes(step)).slice(0, -keepLast)
  for (const step of surplus) await removeFolder(checkpointFolder(runPath, step))
  return surplus
}

/** @throws {UsageError} when a run has another newest checkpoint than was seen before it was locked */
export async function refuseOvertaken(path: string, seen: number, command: string): Promise<void> {
  const newest = await newestStep(path)
  if (newest === seen) return
  const inWords = (step: number) => (step === 0 ? 'none' : `that of step ${step}`)
  throw new UsageError(
    `${command}: another process went on with ${path} meanwhile: its newest checkpoint was ${inWords(seen)} and is ${inWords(newest)}`,
    {suggestions: ['run the command again']},
  )
}

/** Step of the newest checkpoint folder of a run; 0 where there is none. */
async function newestStep(runPath: string): Promise<number> {
  return (await checkpointSteps(runPath)).at(-1) ?? 0
}

/** Steps that have a checkpoint folder, ascending. */
export async function checkpointSteps(runPath: string): Promise<number[]> {
  const folder = join(runPath, 'checkpoints')
  if (!existsSync(folder)) return []
  const steps = (await readdir(folder)).filter((name) => /^step-\d+$/.test(name)).map(stepOf)
  return steps.sort((a, b) => a - b)
}

/** Folder of the checkpoint of a step. */
export function checkpointFolder(runPath: string, step: number): string {
  return join(runPath, 'checkpoints', stepName(step))
}

/** `step-000042`. */
export function stepName(step: number): string {
  return `step-${String(step).padStart(6, '0')}`
}

/** The step in a name such as `step-000042.arrow`; NaN where there is none. */
export function stepOf(name: string): number {
  return Number(/^step-(\d+)/.exec(name)?.[1] ?? Number.NaN)
}
