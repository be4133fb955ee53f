import {DataError, type ErrorDetails, RptError, RuntimeFailure} from '../util/errors.js'

/** What an errno of the file system means, and what to try. */
const meanings: Readonly<Record<string, readonly [meaning: string, suggestion: string]>> = {
  EACCES: ['permission denied', 'choose a folder that you may write to, or change its permissions'],
  EPERM: ['operation not permitted', 'choose a folder that you may write to, or change its permissions'],
  EROFS: ['the file system is read-only', 'choose a folder on a file system that can be written'],
  ENOSPC: ['no space left on the disk', 'free some space, or choose a folder on another disk'],
  EDQUOT: ['the disk quota is used up', 'free some space, or choose a folder on another disk'],
  ENOTDIR: ['a part of the path is a file, not a folder', 'check the path'],
  EISDIR: ['is a folder, not a file', 'check the path'],
  ENOENT: ['no such file or folder', 'check the path'],
  EEXIST: ['a file of that name is there', 'choose another path'],
  EIO: ['the disk reported an error', 'check the disk'],
  EMFILE: ['too many open files', 'raise the limit of open files (ulimit -n)'],
}

type ErrorClass = new (message: string, details: ErrorDetails) => RptError

function translate(error: unknown, action: string, path: string, Translated: ErrorClass): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code
  if (error instanceof RptError || typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) return error
  const [meaning, suggestion] = meanings[code] ?? ['the file system refused', 'check the path and the disk']
  return new Translated(`${action} ${path}: ${meaning} (${code})`, {suggestions: [suggestion], cause: error})
}

/** A refusal of the file system in words: `<action> <path>: no space left on the disk (ENOSPC)`; other errors as they are. */
export function storageFailure(action: string, path: string, error: unknown): unknown {
  return translate(error, action, path, RuntimeFailure)
}

/**
 * Runs `body`, which writes at `path`.
 *
 * @throws {RuntimeFailure} naming path and errno when the file system refuses; other errors pass unchanged
 */
export async function guardWrite<T>(action: string, path: string, body: () => T | Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (error) {
    throw storageFailure(action, path, error)
  }
}

/**
 * Runs `body`, which reads the input at `path`.
 *
 * @throws {DataError} naming path and errno when the file system refuses; other errors pass unchanged
 */
export function guardRead<T>(action: string, path: string, body: () => T): T {
  try {
    return body()
  } catch (error) {
    throw translate(error, action, path, DataError)
  }
}
