import {constants, existsSync} from 'node:fs'
import {access, rm} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {probeName} from './layout.js'
import {makeFolder} from './make-folder.js'
import {guardWrite} from './storage-error.js'
import {temporaryName} from './temporary.js'

/**
 * Finds out, before the work, whether a folder can be made at `path`, or filled where it is; leaves nothing behind.
 *
 * @throws {RuntimeFailure} when the file system refuses
 */
export async function checkWritable(path: string): Promise<void> {
  const folder = nearestFolder(path)
  const probe = temporaryName(join(folder, probeName))
  await guardWrite('writing', path, async () => {
    await makeFolder(probe)
    await rm(probe, {recursive: true, force: true})
  })
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
