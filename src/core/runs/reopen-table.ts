import {join} from 'node:path'
import {DataError} from '../util/errors.js'

/**
 * Opens a table that a run goes on with.
 *
 * @throws {DataError} when it is damaged, with what to do: no table is worth a run that cannot go on
 */
export async function reopenTable<T>(
  runPath: string,
  name: string,
  open: (path: string) => T | Promise<T>,
): Promise<T> {
  try {
    return await open(join(runPath, name))
  } catch (error) {
    if (!(error instanceof DataError)) throw error
    const suggestions = [...error.suggestions, `move ${name} out of ${runPath}: --resume goes on without what it holds`]
    throw new DataError(error.message, {suggestions, cause: error})
  }
}
