import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {guardRead} from '../files/index.js'
import {DataError} from '../util/errors.js'
import {isObject} from '../util/is-object.js'
import {readPlainText} from '../util/plain-file.js'
import {parseStrictJson} from '../util/strict-json.js'

/** Path of the file in which transformers keeps how a checkpoint generates. */
export function generationFile(folder: string): string {
  return join(folder, 'generation_config.json')
}

/**
 * The fields of a checkpoint's `generation_config.json`; none where it has no such file.
 *
 * @throws {DataError} when it cannot be read or is no JSON object
 */
export function readGenerationConfig(folder: string): Readonly<Record<string, unknown>> {
  const file = generationFile(folder)
  if (!existsSync(file)) return {}
  const text = guardRead('reading', file, () => readPlainText(file))
  const value = parseStrictJson(text, file)
  if (isObject(value)) return value
  throw new DataError(`${file}: the file: expected an object`)
}
