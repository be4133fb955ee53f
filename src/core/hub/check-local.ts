import {existsSync} from 'node:fs'
import {isAbsolute} from 'node:path'
import {DataError} from '../util/errors.js'

/** What stands on the Hub, in the words of its own downloader. */
export type HubKind = 'model' | 'dataset'

/**
 * Checks that what a setting names is on this machine. The configuration makes paths absolute and leaves Hub ids as they
 * are; nothing is downloaded.
 *
 * @param what the setting in words, e.g. `proxy`
 * @throws {DataError} when it is a Hub id, or does not exist
 */
export function checkLocal(what: string, path: string, kind: HubKind = 'model'): void {
  if (existsSync(path)) return
  if (isAbsolute(path)) throw new DataError(`${what} ${path} does not exist`, {suggestions: ['check the path']})
  const id = path.replace(/^hf:/, '')
  const option = kind === 'dataset' ? ' --repo-type dataset' : ''
  throw new DataError(`${what} ${path} is not a folder here, and rpt downloads nothing from the Hub`, {
    suggestions: [
      `download it first: hf download ${id}${option} --local-dir DIR; then give DIR`,
      'check the path if a folder of this machine was meant',
    ],
  })
}
