import {existsSync, statSync} from 'node:fs'
import {join} from 'node:path'
import {z} from 'zod'
import {
  checkPermission,
  checkReplaceable,
  checkWritable,
  type Manifest,
  type OutputState,
  outputKinds,
  outputState,
  readJsonOf,
  refuseForeign,
  restoreFolder,
  verifyFolder,
} from '../files/index.js'
import type {PreparationInputs} from '../prepared/prepared-manifest.js'
import {unmarkedPieces} from '../prepared/unmarked-pieces.js'
import {UsageError} from '../util/errors.js'
import type {Services} from '../util/services.js'
import {changedInputs} from './preparation-inputs.js'
import type {Located} from './preparation-setup.js'

const summarySchema = z.looseObject({command: z.literal('prepare-data')})

/**
 * What is at the output path, before any work; what a killed preparation was just moving is put in order.
 *
 * @throws {UsageError} when others put something there
 * @throws {RuntimeFailure} when nothing can be written there
 */
export async function checkOutputPath(
  out: string,
  {command, rehearsal}: Pick<Services, 'command' | 'rehearsal'>,
): Promise<OutputState> {
  const kind = outputKinds.preparedData
  if (!rehearsal && existsSync(out) && statSync(out).isDirectory()) await restoreFolder(out)
  const state = outputState(out, kind, command)
  if (state === 'foreign') refuseForeign(out, kind, command)
  if (state !== 'ours') await (rehearsal ? checkPermission : checkWritable)(out)
  return state
}

/**
 * The summary of an earlier result for these inputs, as it was written; null when there is none, or when it is to be
 * replaced.
 *
 * @throws {UsageError} when it is a result of other inputs, or may not be replaced
 */
export async function reusableSummary(
  state: OutputState,
  located: Located,
  inputs: PreparationInputs,
  {command, progress, overwrite, rehearsal}: Pick<Services, 'command' | 'progress' | 'overwrite' | 'rehearsal'>,
): Promise<object | null> {
  const {config} = located
  const out = config.out!
  if (state !== 'ours') return null
  const verdict = verifyFolder(out)
  const reasons = verdict.kind === 'valid' ? reasonsAgainst(verdict.manifest, inputs, located) : [verdict.reason]
  if (reasons.length === 0) {
    progress.log(`${out} was made from the same inputs and is reused`)
    return readJsonOf(join(out, 'summary.json'), summarySchema, 'the summary of prepared data')
  }
  if (!overwrite)
    throw new UsageError(
      `prepare-data: ${out} is not empty, and was not made from these inputs: ${reasons.join('; ')}`,
      {
        suggestions: ['give --overwrite to prepare the data again', 'choose another --out'],
      },
    )
  await (rehearsal ? checkPermission : checkWritable)(out)
  checkReplaceable(config, outputKinds.preparedData, command)
  progress.log(`${out} is prepared again: ${reasons.join('; ')}`)
  return null
}

function reasonsAgainst(manifest: Manifest, inputs: PreparationInputs, located: Located): string[] {
  const changed = changedInputs(manifest, inputs, located)
  const isUnmarked = unmarkedPieces(located.config.out!, manifest) > 0
  return isUnmarked ? [...changed, 'it does not mark the pieces of documents whose text goes on'] : changed
}
