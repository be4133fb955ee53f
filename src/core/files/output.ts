import {existsSync, lstatSync, readlinkSync, statSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {z} from 'zod'
import {entangledInput} from '../config/inputs.js'
import type {Config} from '../config/schema.js'
import {UsageError} from '../util/errors.js'
import type {Services} from '../util/services.js'
import {findForeign, namesIn} from './layout.js'
import {lockName} from './lock.js'
import {isMarked, type OutputKind} from './output-kinds.js'
import {readJsonOf} from './own-json.js'
import {withoutTemporarySuffix} from './temporary.js'

/** What is at an output path: nothing, a folder without content, a result of the same kind, or what others put there. */
export type OutputState = 'absent' | 'empty' | 'ours' | 'foreign'

const elsewhere = 'choose another --out'

/** Whether anything is at a path, a link that leads nowhere included; nothing is below a file. */
export function isThere(path: string): boolean {
  try {
    return lstatSync(path, {throwIfNoEntry: false}) !== undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return false
    throw error
  }
}

/**
 * What is at the path of an output folder; looks, and changes nothing.
 *
 * @throws {UsageError} where no folder can be: a file, or a link that leads nowhere
 */
export function outputState(path: string, kind: OutputKind, command: string): OutputState {
  if (!isThere(path)) return 'absent'
  if (!existsSync(path))
    throw new UsageError(`${command}: --out ${path} is a link to ${readlinkSync(path)}, which does not exist`, {
      suggestions: ['create that folder', elsewhere],
    })
  if (!statSync(path).isDirectory())
    throw new UsageError(`${command}: --out ${path} is a file; needs a folder`, {suggestions: [elsewhere]})
  // What a killed process was filling, and its lock, are no content yet.
  const names = namesIn(path).filter((name) => name !== lockName && withoutTemporarySuffix(name) === name)
  if (names.length === 0) return 'empty'
  return isMarked(path, kind) ? 'ours' : 'foreign'
}

/**
 * @throws {UsageError} naming a file that others put into the folder, or the mark that is gone from a result of ours
 * @throws {DataError} naming the mark, when it is spoiled and nothing else is foreign
 */
export function refuseForeign(path: string, {what, layout, markFile}: OutputKind, command: string): never {
  if (findForeign(path, layout) === undefined) {
    const mark = join(path, markFile)
    if (existsSync(mark)) readJsonOf(mark, z.unknown(), 'the mark of what rpt wrote')
    throw new UsageError(
      `${command}: --out ${path} holds files of rpt, but ${markFile} is ${existsSync(mark) ? 'not from rpt' : 'missing'}`,
      {
        suggestions: [`restore ${markFile} from a copy`, elsewhere],
      },
    )
  }
  const [first] = namesIn(path).filter((name) => name !== lockName)
  throw new UsageError(`${command}: --out ${path} is not empty and no ${what} that rpt wrote: it holds ${first}`, {
    suggestions: [elsewhere, 'empty the folder yourself if its files are not needed'],
  })
}

/**
 * Checks that an earlier result may be replaced: that nobody put anything else there, and that the command reads nothing
 * that would go.
 *
 * @throws {UsageError} naming what is in the way
 */
export function checkReplaceable(config: Config, {what, layout}: OutputKind, command: string): void {
  const path = resolve(config.out!)
  const foreign = findForeign(path, layout)
  if (foreign !== undefined)
    throw new UsageError(`${command}: --overwrite of ${path} would remove ${foreign}, which rpt did not write`, {
      suggestions: [`move it out of the ${what}`, elsewhere],
    })
  refuseEntangled(config, path, command, 'the command')
}

/**
 * @param reader whose settings they are, in words
 * @throws {UsageError} naming an input that would go with what is replaced
 */
export function refuseEntangled(config: Config, path: string, command: string, reader: string): void {
  const input = entangledInput(config, path)
  if (input)
    throw new UsageError(
      `${command}: --overwrite of ${path} would remove an input of ${reader}: ${input.key} is ${input.path}`,
      {suggestions: [elsewhere]},
    )
}

/**
 * Checks an output folder that a command continues (`--resume`), replaces (`--overwrite`) or fills anew, before any work;
 * changes nothing.
 *
 * @throws {UsageError} when it holds something that may be neither continued nor replaced
 */
export function checkOutput(
  config: Config,
  kind: OutputKind,
  {command, resume, overwrite}: Pick<Services, 'command' | 'resume' | 'overwrite'>,
): OutputState {
  const path = config.out!
  const state = outputState(path, kind, command)
  if (state === 'foreign') refuseForeign(path, kind, command)
  if (state !== 'ours' || resume) return state
  if (!overwrite)
    throw new UsageError(`${command}: ${path} is not empty`, {
      suggestions: ['give --resume to continue it', 'give --overwrite to start again', elsewhere],
    })
  checkReplaceable(config, kind, command)
  return state
}
