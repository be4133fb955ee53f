import {isAbsolute, join, resolve} from 'node:path'
import {UsageError} from './errors.js'

/** Environment variables, as `process.env` has them. */
type Environment = Readonly<Record<string, string | undefined>>

/**
 * A path that the user wrote, absolute: `~` and `~/...` begin at the home folder, others at `base`.
 *
 * @param what where the path was written, for errors, e.g. `--out`
 * @throws {UsageError} for an empty path, for `~name`, and for `~` where HOME names no folder
 */
export function absolutePath(path: string, base: string, what: string, env: Environment = process.env): string {
  if (path.trim() === '') throw new UsageError(`${what}: the path is empty`)
  const [, name, rest] = /^~([^/\\]*)[/\\]?(.*)$/s.exec(path) ?? []
  if (name === undefined) return resolve(base, path)
  if (name !== '')
    throw new UsageError(`${what}: ${path} begins with ~${name}; only ~/, your own home folder, is supported`, {
      suggestions: ['write the path in full', `write ./${path} for a folder of that name`],
    })
  const home = env.HOME ?? (process.platform === 'win32' ? env.USERPROFILE : undefined)
  if (home === undefined || !isAbsolute(home))
    throw new UsageError(`${what}: ${path} begins with ~, but HOME is ${home ? `'${home}'` : 'not set'}`, {
      suggestions: ['write the path in full', 'set HOME to the absolute path of your home folder'],
    })
  return join(home, rest)
}
