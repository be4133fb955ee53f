import {readdir, rmdir} from 'node:fs/promises'
import {join} from 'node:path'
import type {Config} from '../config/schema.js'
import {
  checkOutput,
  checkPermission,
  checkWritable,
  listFiles,
  type OutputState,
  outputKinds,
  refuseLocked,
} from '../files/index.js'
import {metricsTable, readTable, sweepTable, type Table} from '../tables/index.js'
import type {Services} from '../util/services.js'

/** What a run directory holds before there is any result. */
const bookkeeping = [
  'run.json',
  'config.resolved.yaml',
  'origins.json',
  'run.lock',
  'logs',
  'metrics.jsonl',
  'tensorboard',
]

/** Tables that are begun before their first row. */
const begun: Readonly<Record<string, Table>> = {'metrics.arrow': metricsTable, 'sweep.arrow': sweepTable}

/**
 * What is at the path of a run directory, before any work; leaves everything as it is.
 *
 * @throws {UsageError} when it holds something that may be neither continued nor replaced, or another process has locked it
 * @throws {RuntimeFailure} when nothing can be written there
 */
export async function refuseOccupied(config: Config, services: Services): Promise<OutputState> {
  const {command, resume, progress} = services
  const state = await refuseOccupiedQuietly(config, services)
  if (resume && state !== 'ours') progress.warn(`${command}: --resume: ${config.out} has no run yet; a new one begins`)
  return state
}

/** The same, without a word of a run that begins where one was to go on. */
export async function refuseOccupiedQuietly(config: Config, services: Services): Promise<OutputState> {
  const state = checkOutput(config, outputKinds.run, services)
  // Before anything is read or loaded: the process that has it needs the memory.
  if (!services.rehearsal && state !== 'absent') refuseLocked(config.out!)
  await (services.rehearsal ? checkPermission : checkWritable)(config.out!)
  return state
}

/** Whether a run directory holds nothing that a run is made for: no table with rows, no checkpoint, no summary. */
export function holdsNoResult(path: string): boolean {
  const files = listFiles(path).filter((file) => !bookkeeping.includes(file.split('/')[0]))
  return files.every((file) => Object.hasOwn(begun, file) && readTable(join(path, file), begun[file]).length === 0)
}

/** Removes a folder that is empty; others stay. */
export async function removeEmpty(path: string): Promise<void> {
  if ((await readdir(path)).length === 0) await rmdir(path)
}
