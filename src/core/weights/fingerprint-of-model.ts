import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {fingerprintOf} from '../files/fingerprint.js'
import {guardRead} from '../files/storage-error.js'
import {indexName} from './weight-files.js'

/** Files of a checkpoint that results depend on; weights may come in several. */
const decisive = /^(config\.json|model.*\.safetensors|model\.safetensors\.index\.json)$/

/**
 * Hash of a checkpoint's `config.json` and weights, in hexadecimal; shards count under whatever name the index gives them.
 *
 * @throws {DataError} when one of them cannot be read
 */
export function fingerprintOfModel(folder: string): string {
  const found = readdirSync(folder)
  const path = join(folder, indexName)
  const index = found.includes(indexName) ? guardRead('reading', path, () => readFileSync(path, 'utf8')) : ''
  const names = found.filter((name) => decisive.test(name) || isShard(name, index))
  return fingerprintOf({inputs: names.sort().map((name) => join(folder, name)), options: null})
}

function isShard(name: string, index: string): boolean {
  return name.endsWith('.safetensors') && index.includes(JSON.stringify(name))
}
