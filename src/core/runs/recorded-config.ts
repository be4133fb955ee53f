import {join} from 'node:path'
import {loadConfig} from '../config/load.js'
import type {Config} from '../config/schema.js'
import {readTextOf} from '../files/index.js'
import {DataError, UsageError} from '../util/errors.js'

/**
 * The configuration that a run was begun with.
 *
 * @throws {DataError} naming `config.resolved.yaml` when it cannot be read, or a setting is none of this version
 */
export function recordedConfig(runPath: string): Config {
  const file = join(runPath, 'config.resolved.yaml')
  readTextOf(file, 'the settings of a run')
  try {
    return loadConfig({files: [file], cwd: runPath}).config
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause
    const [first] = cause.message.split('\n')
    throw new DataError(`reading ${file}, the settings of a run: ${first}`, {
      suggestions: ['copy it again if it came from another machine', 'use the version of rpt that wrote it'],
      cause,
    })
  }
}
