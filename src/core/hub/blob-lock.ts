import {rmSync, statSync, utimesSync, writeFileSync} from 'node:fs'
import {mkdir} from 'node:fs/promises'
import {hostname} from 'node:os'
import {dirname} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {readLockFile, removeLockFile} from '../files/index.js'
import {Interrupted, RuntimeFailure} from '../util/errors.js'
import {isAlive} from '../util/process-identity.js'
import {guardCache} from './cache-layout.js'

/** The right to write one blob. */
export interface BlobLock {
  /**
   * Says that its owner is alive; to be called while working.
   *
   * @throws {RuntimeFailure} when this process was silent for so long that another took over
   */
  touch(): void
  release(): void
}

/** An owner that is silent for longer is given up, milliseconds. */
const patienceMs = 120_000
const beatMs = 5_000
const pauseMs = 200

/** Lock files of this process: its number alone does not tell it from a dead process that had the same one. */
const held = new Set<string>()

/**
 * Waits for the right to write one blob: a file that names its owner, which keeps its time fresh. A dead or silent owner's
 * file is taken away.
 *
 * @param waiting called once when another process has it
 */
export async function lockBlob(path: string, signal: AbortSignal, waiting: (owner: string) => void): Promise<BlobLock> {
  const text = `${JSON.stringify({pid: process.pid, host: hostname()})}\n`
  let hasWaited = false
  await guardCache('locking', path, async () => {
    await mkdir(dirname(path), {recursive: true})
    while (!claim(path, text)) {
      const owner = readLockFile(path)
      if (owner !== null && isGone(path, owner)) removeLockFile(path, owner, (_, content) => claim(path, content))
      else {
        if (!hasWaited && owner !== null) waiting(owner.trim())
        hasWaited = true
        if (signal.aborted) throw new Interrupted(`stopped while waiting for ${path}`)
        await sleep(pauseMs)
      }
    }
  })
  held.add(path)
  return ownedLock(path, text)
}

function ownedLock(path: string, text: string): BlobLock {
  let beaten = Date.now()
  return {
    touch() {
      if (Date.now() - beaten < beatMs) return
      if (readLockFile(path) !== text)
        throw new RuntimeFailure(`${path}: another process took over`, {suggestions: ['run it again']})
      beaten = Date.now()
      utimesSync(path, beaten / 1000, beaten / 1000)
    },
    release() {
      held.delete(path)
      if (readLockFile(path) === text) rmSync(path, {force: true})
    },
  }
}

function claim(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, {flag: 'wx'})
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Whether the owner is dead, or silent for too long. */
function isGone(path: string, text: string): boolean {
  const found = statSync(path, {throwIfNoEntry: false})
  if (found && Date.now() - found.mtimeMs > patienceMs) return true
  const owner = /^\{"pid":(\d+),"host":(".*")\}$/.exec(text.trim())
  if (!owner || JSON.parse(owner[2]) !== hostname()) return false
  const pid = Number(owner[1])
  return pid === process.pid ? !held.has(path) : !isAlive(pid)
}
