import {closeSync, existsSync, openSync, readlinkSync, realpathSync, statSync} from 'node:fs'
import {dirname} from 'node:path'
import {UsageError} from '../util/errors.js'
import {checkWritable} from './check-writable.js'
import {isThere} from './output.js'
import {readAt} from './read-at.js'

/** How far from its beginning a file shows whose it is. */
const markBytes = 4096

/**
 * The path of a single file that a command writes, links followed: a new one, or one that `rpt` wrote earlier, known by its
 * mark. Changes nothing.
 *
 * @param mark text near the beginning of every file of this kind
 * @param check finds out whether something can be written at a path
 * @throws {UsageError} when something else is there, or a link leads nowhere
 * @throws {RuntimeFailure} when nothing can be written there
 */
export async function checkOutputFile(
  path: string,
  mark: string,
  command: string,
  check = checkWritable,
): Promise<string> {
  const suggestions = ['choose another --out']
  if (!isThere(path)) {
    await check(path)
    return path
  }
  if (!existsSync(path))
    throw new UsageError(`${command}: --out ${path} is a link to ${readlinkSync(path)}, which does not exist`, {
      suggestions,
    })
  if (!statSync(path).isFile()) throw new UsageError(`${command}: --out ${path} is not a plain file`, {suggestions})
  const file = realpathSync(path)
  if (statSync(file).size > 0 && !beginningOf(file).includes(mark))
    throw new UsageError(`${command}: --out ${path} exists already, and rpt did not write it`, {suggestions})
  await check(dirname(file))
  return file
}

function beginningOf(file: string): string {
  const fd = openSync(file, 'r')
  try {
    return Buffer.from(readAt(fd, 0, markBytes)).toString('latin1')
  } finally {
    closeSync(fd)
  }
}
