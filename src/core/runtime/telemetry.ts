import {readdirSync, readlinkSync} from 'node:fs'

/**
 * Keeps onnxruntime from gathering telemetry: on Linux it would write a lasting device id and a growing database below the
 * home folder and send them to its maker. Whatever the user's environment says, `rpt` sends nothing.
 *
 * The library reads the variable of the process once, when its first session is made. A worker thread has to be started
 * with `SHARE_ENV`: the environment of any other worker is a copy, which the library does not see.
 */
process.env.ORT_DISABLE_TELEMETRY = '1'

/** Whether the library gathers telemetry in this process: by the variable and, on Linux, by the files that it holds open. */
export function telemetryState(): 'off' | 'on' {
  return process.env.ORT_DISABLE_TELEMETRY === '1' && !openFiles().some((path) => path.includes('/.onnxruntime/'))
    ? 'off'
    : 'on'
}

/** Files that this process holds open; none where the system does not list them. */
function openFiles(): string[] {
  const folder = '/proc/self/fd'
  try {
    return readdirSync(folder).map((name) => linkTarget(`${folder}/${name}`))
  } catch {
    return []
  }
}

function linkTarget(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    // The folder was itself open while it was read.
    return ''
  }
}
