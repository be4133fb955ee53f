import {existsSync} from 'node:fs'
import {readdir, rename, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {isAlive} from '../util/process-identity.js'
import {guardWrite} from './storage-error.js'

/** Says `rpt`, because a folder called `corpus.tmp-2024` may well be somebody's. */
const pattern = /^(?<target>.+)\.rpt-(?<kind>tmp|old)-(?<pid>\d+)$/s

/** Temporaries that this process is filling now; one with its id that is not here was left by a namesake. */
const inUse = new Set<string>()

/** Name beside `path` that a process, this one unless told, fills before renaming. */
export function temporaryName(path: string, pid = process.pid): string {
  return `${path}.rpt-tmp-${pid}`
}

/** Name beside `path` for what was there before, while it is being replaced. */
export function replacedName(path: string, pid = process.pid): string {
  return `${path}.rpt-old-${pid}`
}

/** The name that a temporary stands for; other names as they are. */
export function withoutTemporarySuffix(name: string): string {
  return pattern.exec(name)?.groups?.target ?? name
}

/** The process that fills, or filled, a temporary; null for other names. */
export function ownerOfTemporary(name: string): number | null {
  const pid = pattern.exec(name)?.groups?.pid
  return pid === undefined ? null : Number(pid)
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

/**
 * Removes what killed processes left half-written in a folder, and puts back what one was just replacing.
 *
 * To be called before this process writes there: what another of its threads is filling is taken for left over.
 *
 * @returns the names that were dealt with, sorted
 * @throws {RuntimeFailure} when the file system refuses
 *
 * @param only name of the one target whose leftovers are looked for; all of them when absent
 */
export async function sweepTemporary(parent: string, only?: string): Promise<string[]> {
  return guardWrite('sweeping', parent, async () => {
    const names = existsSync(parent) ? (await readdir(parent)).sort() : []
    const stale = names.filter((name) => isStale(parent, name) && (only === undefined || name.startsWith(`${only}.`)))
    for (const name of stale) {
      const {target, kind} = pattern.exec(name)!.groups!
      if (kind === 'old' && !existsSync(join(parent, target))) await rename(join(parent, name), join(parent, target))
      else await rm(join(parent, name), {recursive: true, force: true})
    }
    return stale
  })
}

function isStale(parent: string, name: string): boolean {
  const match = pattern.exec(name)
  if (match === null) return false
  const pid = Number(match.groups!.pid)
  return pid === process.pid ? !inUse.has(join(parent, name)) : !isAlive(pid)
}
