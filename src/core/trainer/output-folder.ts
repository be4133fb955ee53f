import {existsSync, statSync} from 'node:fs'
import {readdir, rm, rmdir} from 'node:fs/promises'
import {join} from 'node:path'
import {checkWritable, listFiles, metricsTable, readTable, sweepTable, type Table} from '../store/index.js'
import {UsageError} from '../util/errors.js'
import type {Services} from '../util/services.js'

/** What a run directory holds before there is any result; any of it, or a result, makes a folder a run directory. */
const bookkeeping = ['config.resolved.yaml', 'settings-hash.txt', 'inputs-hash.txt', 'origins.json', 'run.lock', 'logs']
const results = ['summary.json', 'metrics.arrow', 'eval.arrow', 'sweep.arrow', 'checkpoints']

/** Tables that are begun before their first row. */
const begun: Readonly<Record<string, Table>> = {'metrics.arrow': metricsTable, 'sweep.arrow': sweepTable}

/**
 * Whether an output directory holds something; leaves everything as it is.
 *
 * @throws {UsageError} when it does and neither --resume nor --overwrite was given, when --overwrite would remove what no
 *   run left there, or when it is a file
 * @throws {RuntimeFailure} when it cannot be made
 */
export async function refuseOccupied(path: string, {command, resume, overwrite}: Services): Promise<boolean> {
  if (!existsSync(path)) {
    await checkWritable(path)
    return false
  }
  if (!statSync(path).isDirectory())
    throw new UsageError(`${command}: --out ${path} is a file; needs a folder`, {suggestions: ['choose another --out']})
  const names = (await readdir(path)).filter((name) => name !== 'run.lock')
  if (names.length === 0 || resume) return names.length > 0
  if (!overwrite)
    throw new UsageError(`${command}: ${path} is not empty`, {
      suggestions: ['give --resume to continue it', 'give --overwrite to start again', 'choose another --out'],
    })
  if (names.some((name) => bookkeeping.includes(name) || results.includes(name))) return true
  throw new UsageError(`${command}: --overwrite of ${path}, which is no run directory: it holds ${names.sort()[0]}`, {
    suggestions: ['choose another --out', 'empty the folder yourself if its files are not needed'],
  })
}

/** Removes what is in a run directory, except its lock. */
export async function emptyFolder(path: string): Promise<void> {
  for (const name of await readdir(path)) if (name !== 'run.lock') await rm(join(path, name), {recursive: true})
}

/** Whether a run directory holds nothing that a run is made for: no table with rows, no checkpoint, no summary. */
export function isFruitless(path: string): boolean {
  const files = listFiles(path).filter((file) => !bookkeeping.includes(file.split('/')[0]))
  return files.every((file) => Object.hasOwn(begun, file) && readTable(join(path, file), begun[file]).length === 0)
}

/** Removes a folder that is empty; others stay. */
export async function removeEmpty(path: string): Promise<void> {
  if ((await readdir(path)).length === 0) await rmdir(path)
}
