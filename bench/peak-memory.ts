import {existsSync, readFileSync} from 'node:fs'

/**
 * Peak resident memory of this process, bytes.
 *
 * Linux hands a child its parent's peak through `maxRSS`; VmHWM is the process' own.
 */
export function peakMemory(): number {
  const status = '/proc/self/status'
  const own = existsSync(status) ? /^VmHWM:\s*(\d+) kB/m.exec(readFileSync(status, 'utf8')) : null
  return own ? Number(own[1]) * 1024 : process.resourceUsage().maxRSS * 1024
}
