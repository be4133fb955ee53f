import {existsSync, readdirSync, statSync} from 'node:fs'
import {join} from 'node:path'
import {z} from 'zod'
import {readJsonOf, verifyFolder} from '../store/index.js'
import {UsageError} from '../util/errors.js'
import type {Services} from '../util/services.js'
import {changedInputs, type PreparationInputs} from './preparation-inputs.js'

/**
 * The summary of an earlier result for these inputs, as it was written; null when there is none, or when it is to be
 * replaced.
 *
 * @throws {UsageError} when the folder holds anything else
 */
export function earlierResult(
  out: string,
  inputs: PreparationInputs,
  {progress, overwrite}: Pick<Services, 'progress' | 'overwrite'>,
): object | null {
  if (!existsSync(out)) return null
  if (!statSync(out).isDirectory())
    throw new UsageError(`prepare-data: --out ${out} is a file; needs a folder`, {
      suggestions: ['choose another --out'],
    })
  if (readdirSync(out).length === 0) return null
  const verdict = verifyFolder(out)
  const reasons = verdict.kind === 'valid' ? changedInputs(verdict.manifest, inputs) : [verdict.reason]
  if (verdict.kind === 'valid' && reasons.length === 0) {
    progress.log(`${out} was made from these very inputs and is reused`)
    return readJsonOf(join(out, 'summary.json'), z.record(z.string(), z.unknown()), 'the summary of prepared data')
  }
  if (!overwrite)
    throw new UsageError(`prepare-data: ${out} is not empty and not a result of these inputs: ${reasons.join('; ')}`, {
      suggestions: ['give --overwrite to prepare it again', 'choose another --out'],
    })
  if (!existsSync(join(out, 'manifest.json')))
    throw new UsageError(`prepare-data: --overwrite of ${out}, which holds files but no prepared data`, {
      suggestions: ['choose another --out', 'empty the folder yourself if its files are not needed'],
    })
  progress.log(`${out} is prepared again: ${reasons.join('; ')}`)
  return null
}
