import {constants, existsSync} from 'node:fs'
import {access, mkdtemp, rmdir} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {guardWrite} from './storage-error.js'

/**
 * Finds out, before the work, whether a folder can be made at `path`, or filled where it is; leaves nothing behind.
 *
 * @throws {RuntimeFailure} when the file system refuses
 */
export async function checkWritable(path: string): Promise<void> {
  await guardWrite('writing', path, async () => rmdir(await mkdtemp(join(nearestFolder(path), '.rpt-'))))
}

/**
 * Finds out the same from the permissions alone, which some file systems belie; touches nothing.
 *
 * @throws {RuntimeFailure} when they do not allow it
 */
export async function checkPermission(path: string): Promise<void> {
  await guardWrite('writing', path, () => access(`${nearestFolder(path)}/.`, constants.W_OK))
}

function nearestFolder(path: string): string {
  let folder = path
  while (!existsSync(folder)) folder = dirname(folder)
  return folder
}
