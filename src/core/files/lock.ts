import {constants, copyFileSync, linkSync, rmSync, writeFileSync} from 'node:fs'
import {hostname} from 'node:os'
import {join} from 'node:path'
import {RuntimeFailure, UsageError} from '../util/errors.js'
import {isAlive, startOf} from '../util/process-identity.js'
import {readLockFile, removeLockFile} from './lock-file.js'
import {guardRead, guardWrite} from './storage-error.js'
import {temporaryName} from './temporary.js'

/** A folder that this process alone may write to. */
export interface Lock {
  /** Whether the folder is still this process's: not moved, removed, or taken by another. */
  isHeld(): boolean
  /** Lets go; a second call does nothing. */
  release(): void
}

interface Owner {
  readonly pid: number
  /** Start time of the process where the system tells it: a later process may get the same id. */
  readonly start: string | null
  readonly host: string
}

/** The file that says who writes to a folder. */
export const lockName = 'run.lock'
const hasNoLinks: ReadonlySet<string | undefined> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/** Locks that this process holds, for systems that do not tell start times. */
const held = new Set<string>()

/**
 * Locks an existing folder with a file `run.lock` that names this process.
 *
 * The lock of a dead process is taken over; that of another machine never is, because nobody here can tell.
 *
 * @throws {UsageError} when another process holds the lock
 * @throws {RuntimeFailure} when the file system refuses
 */
export async function lockFolder(folder: string): Promise<Lock> {
  const path = join(folder, lockName)
  return guardWrite('locking', path, () => {
    const text = JSON.stringify({pid: process.pid, start: startOf(process.pid), host: hostname()})
    claim(path, `${text}\n`)
    held.add(path)
    return {
      isHeld: () => held.has(path) && readLockFile(path) === `${text}\n`,
      release: () => release(path, `${text}\n`),
    }
  })
}

/**
 * Looks whether another process has locked a folder, and takes nothing: what it says may have changed when `lockFolder` is
 * called.
 *
 * @throws {UsageError} when one has
 */
export function refuseLocked(folder: string): void {
  const path = join(folder, lockName)
  guardRead('reading', path, () => {
    const seen = readLockFile(path)
    if (seen !== null) refuseLiving(path, seen)
  })
}

/** Puts the lock file in place with its content, which `link` does in one step, unless a living process has one there. */
function claim(path: string, text: string): void {
  const own = temporaryName(path)
  writeFileSync(own, text)
  try {
    for (let attempt = 0; attempt < 10; attempt++) {
      if (link(own, path)) return
      removeStale(path)
    }
    throw new RuntimeFailure(`locking ${path}: other processes keep creating it`, {
      suggestions: ['check which processes write here'],
    })
  } finally {
    rmSync(own, {force: true})
  }
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    if (!hasNoLinks.has(code)) throw error
  }
  return copyNew(from, to)
}

/** Second best, where the file system has no hard links: a reader may see the file before its content. */
function copyNew(from: string, to: string): boolean {
  try {
    copyFileSync(from, to, constants.COPYFILE_EXCL)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/**
 * Takes away the lock of a dead process.
 *
 * @throws {UsageError} when its process may be alive
 */
function removeStale(path: string): void {
  const seen = readLockFile(path)
  if (seen === null) return
  refuseLiving(path, seen)
  removeLockFile(path, seen, (aside) => link(aside, path))
}

function refuseLiving(path: string, text: string): void {
  const owner = parseOwner(text)
  if (owner === null || !mayLive(path, owner)) return
  const where = owner.host === hostname() ? '' : ` on ${owner.host}`
  throw new UsageError(`${path}: locked by process ${owner.pid}${where}`, {
    suggestions: ['wait for it to end', `if you are sure that it is dead, remove ${path}`, 'choose another folder'],
  })
}

function mayLive(path: string, owner: Owner): boolean {
  if (owner.host !== hostname()) return true
  if (!isAlive(owner.pid)) return false
  const start = startOf(owner.pid)
  if (start !== null && owner.start !== null) return start === owner.start
  return owner.pid !== process.pid || held.has(path)
}

/** The owner that a lock file names, or null where it names none (the file is damaged: nobody writes one in pieces). */
function parseOwner(text: string): Owner | null {
  try {
    const owner = JSON.parse(text)
    return Number.isInteger(owner?.pid) && typeof owner.host === 'string' ? owner : null
  } catch {
    return null
  }
}

function release(path: string, text: string): void {
  if (!held.delete(path)) return
  if (readLockFile(path) === text) rmSync(path, {force: true})
}
