import {readFileSync} from 'node:fs'

/** Whether a process with this id runs on this machine; one that was killed and not yet collected by its parent does not. */
export function isAlive(pid: number): boolean {
  if (/^[ZX]$/.test(statusOf(pid)?.[0] ?? '')) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** When a living process started, in clock ticks since boot, or null where the system does not tell (only Linux does). */
export function startOf(pid: number): string | null {
  return statusOf(pid)?.[19] ?? null
}

/** Fields of /proc/<pid>/stat from the state on, or null where there is none. */
function statusOf(pid: number): string[] | null {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the program's name in parentheses and may hold spaces.
    return status.slice(status.lastIndexOf(')') + 2).split(' ')
  } catch {
    return null
  }
}
