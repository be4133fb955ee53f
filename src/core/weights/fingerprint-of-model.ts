import {readdirSync} from 'node:fs'
import {join} from 'node:path'
import {fingerprintOf} from '../files/fingerprint.js'

/** Files of a checkpoint that results depend on; weights may come in several. */
const decisive = /^(config\.json|model.*\.safetensors|model\.safetensors\.index\.json)$/

/**
 * Hash of a checkpoint's `config.json` and weights, in hexadecimal.
 *
 * @throws {DataError} when one of them cannot be read
 */
export function fingerprintOfModel(folder: string): string {
  const names = readdirSync(folder).filter((name) => decisive.test(name))
  return fingerprintOf({inputs: names.sort().map((name) => join(folder, name)), options: null})
}
