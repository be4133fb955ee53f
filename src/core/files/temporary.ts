import {createHash} from 'node:crypto'
import {existsSync} from 'node:fs'
import {readdir, rename, rm} from 'node:fs/promises'
import {hostname} from 'node:os'
import {join} from 'node:path'
import {isAlive} from '../util/process-identity.js'
import {guardWrite} from './storage-error.js'

/**
 * Says `rpt`, because a folder called `corpus.tmp-2024` may well be somebody's, and on which machine its process is: ids of
 * processes mean nothing on others, nor in other containers. A name without one is taken for one of this machine.
 */
const pattern = /^(?<target>.+)\.rpt-(?<kind>tmp|old)-(?<owner>(?<pid>\d+)(?:-(?<host>[0-9a-f]{8}))?)$/s

const thisHost = createHash('sha256').update(hostname()).digest('hex').slice(0, 8)
const thisOwner = `${process.pid}-${thisHost}`

/** Bytes that a temporary adds to a name, at most: ids of Linux end below 2^22. */
export const longestSuffix = `.rpt-tmp-4194304-${thisHost}`.length

/** Temporaries that this process is filling now; one with its id that is not here was left by a namesake. */
const inUse = new Set<string>()

/** Name beside `path` that a process, this one unless told, fills before renaming. */
export function temporaryName(path: string, owner = thisOwner): string {
  return `${path}.rpt-tmp-${owner}`
}

/** Name beside `path` for what was there before, while it is being replaced. */
export function replacedName(path: string, owner = thisOwner): string {
  return `${path}.rpt-old-${owner}`
}

/** The name that a temporary stands for; other names as they are. */
export function withoutTemporarySuffix(name: string): string {
  return pattern.exec(name)?.groups?.target ?? name
}

/** The process that fills, or filled, a temporary, as its name has it; null for other names. */
export function ownerOfTemporary(name: string): string | null {
  return pattern.exec(name)?.groups?.owner ?? null
}

/** Runs `body` with temporaries of `path` marked as in use. */
export async function whileInUse<T>(path: string, body: () => Promise<T>): Promise<T> {
  const names = [temporaryName(path), replacedName(path)]
  for (const name of names) inUse.add(name)
  try {
    return await body()
  } finally {
    for (const name of names) inUse.delete(name)
  }
}

/** Which leftovers are looked for. */
export interface Sweep {
  /** Name of their one target; all targets when absent. */
  readonly only?: string
  /** Whether this process has locked the folder: nobody on another machine writes there. */
  readonly isLocked?: boolean
  /** Is told of what stays, because a process of another machine may still fill it. */
  readonly warn?: (line: string) => void
}

/**
 * Removes what killed processes left half-written in a folder, and puts back what one was just replacing. What a process of
 * another machine has there stays, unless the folder is locked: nobody here can tell whether it is alive.
 *
 * To be called before this process writes there: what another of its threads is filling is taken for left over.
 *
 * @returns the names that were dealt with, sorted
 * @throws {RuntimeFailure} when the file system refuses
 */
export async function sweepTemporary(parent: string, {only, isLocked = false, warn}: Sweep = {}): Promise<string[]> {
  return guardWrite('sweeping', parent, async () => {
    const names = existsSync(parent) ? (await readdir(parent)).sort() : []
    const found = names.filter((name) => {
      const target = pattern.exec(name)?.groups?.target
      return target !== undefined && (only ?? target) === target
    })
    const stale = found.filter((name) => isStale(join(parent, name), pattern.exec(name)!.groups!, isLocked))
    for (const name of found.filter((name) => !stale.includes(name) && isElsewhere(name)))
      warn?.(
        `${join(parent, name)} is of a process on another machine or in another container: if that has ended, remove it`,
      )
    for (const name of stale) {
      const {target, kind} = pattern.exec(name)!.groups!
      if (kind === 'old' && !existsSync(join(parent, target))) await rename(join(parent, name), join(parent, target))
      else await rm(join(parent, name), {recursive: true, force: true})
    }
    return stale
  })
}

/** Whether a temporary is of a process on another machine. */
function isElsewhere(name: string): boolean {
  return (pattern.exec(name)?.groups?.host ?? thisHost) !== thisHost
}

function isStale(path: string, {pid, host = thisHost}: Readonly<Record<string, string>>, isLocked: boolean): boolean {
  if (host !== thisHost) return isLocked
  return Number(pid) === process.pid ? !inUse.has(path) : !isAlive(Number(pid))
}
