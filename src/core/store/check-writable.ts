import {existsSync} from 'node:fs'
import {mkdtemp, rmdir} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {guardWrite} from './storage-error.js'

/**
 * Finds out, before the work, whether a folder can be made at `path`, or filled where it is; leaves nothing behind.
 *
 * @throws {RuntimeFailure} when the file system refuses
 */
export async function checkWritable(path: string): Promise<void> {
  let folder = path
  while (!existsSync(folder)) folder = dirname(folder)
  await guardWrite('writing', path, async () => rmdir(await mkdtemp(join(folder, '.rpt-'))))
}
