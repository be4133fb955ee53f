import {readFileSync, renameSync, rmSync} from 'node:fs'
import {replacedName} from './temporary.js'

/** Content of a lock file, or null when it is gone. */
export function readLockFile(path: string): string | null {
  return unlessGone(() => readFileSync(path, 'utf8'))
}

/**
 * Takes away a lock file of which `seen` was read. Another process may have put its own in that place meanwhile: what is moved
 * aside and is not what was seen goes back.
 *
 * @param putBack gets the path of the file that was moved aside, and its content
 */
export function removeLockFile(path: string, seen: string, putBack: (aside: string, content: string) => void): void {
  const aside = replacedName(path)
  const isMoved = unlessGone(() => {
    renameSync(path, aside)
    return true
  })
  if (!isMoved) return
  const moved = readLockFile(aside)
  if (moved !== null && moved !== seen) putBack(aside, moved)
  rmSync(aside, {force: true})
}

function unlessGone<T>(act: () => T): T | null {
  try {
    return act()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
