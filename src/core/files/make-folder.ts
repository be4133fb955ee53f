import {existsSync, statSync} from 'node:fs'
import {mkdir} from 'node:fs/promises'
import {dirname} from 'node:path'

/**
 * Makes a folder and those above it that are missing.
 *
 * Node's own recursive `mkdir` never returns where a parent exists and yet takes no folders, as under `/proc`.
 *
 * @returns whether the folder itself was made; false when it was there
 */
export async function makeFolder(path: string): Promise<boolean> {
  const parent = dirname(path)
  if (!existsSync(parent)) await makeFolder(parent)
  try {
    await mkdir(path)
    return true
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST' && statSync(path).isDirectory()
    if (!isThere) throw error
    return false
  }
}
