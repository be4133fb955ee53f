import {join} from 'node:path'
import {flagOfKey} from '../../config/flags.js'
import {manifestName, readManifest} from '../../files/index.js'
import {type Origins, originsIn} from '../../runs/origins.js'
import {inputOfData} from '../../runs/run-identity.js'
import {isObject} from '../../util/is-object.js'
import type {TrainedRun} from '../trained-run.js'
import {codeBlock} from './markdown.js'
import {settingsYaml} from './settings.js'

/** How the data of a run were prepared. */
export interface PreparedFacts {
  /** Dotted key -> value. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly origins: Origins
  /** Settings of models and tokenizers that the data were certainly prepared with. */
  readonly given: readonly string[]
}

/** Facts about the prepared data of a run; null if it has none, or if the data is gone or has changed. */
export function preparedFacts({config, identity}: TrainedRun): PreparedFacts | null {
  const {dir} = config.data
  if (dir === undefined) return null
  const manifest = readManifest(join(dir, manifestName))
  if (typeof manifest === 'string' || !isObject(manifest.fingerprints)) return null
  const {fingerprints, settings, given} = manifest
  const parts = ['documents', 'settings']
  const isSame = parts.every((part) => fingerprints[part] === identity.inputs?.[inputOfData(part)])
  if (!isSame) return null
  const origins = originsIn(manifest)
  const known = Array.isArray(given) ? given.map(String) : givenIn(fingerprints, origins)
  return {settings: isObject(settings) ? settings : {}, origins, given: known}
}

/** The same of a manifest that does not note it: a tokenizer on this machine beside a proxy is then taken for the proxy's. */
function givenIn(fingerprints: Readonly<Record<string, unknown>>, origins: Origins): string[] {
  const has = (part: string) => (fingerprints[part] ?? 'none') !== 'none'
  const isGiven = {
    'data.proxy': has('proxy'),
    'data.difficultyModel': has('difficulty model'),
    'data.tokenizer': 'data.tokenizer' in origins || !has('proxy'),
  }
  return Object.entries(isGiven).flatMap(([key, given]) => (given ? [key] : []))
}

/** Ids of the data sets on the Hub that a run was trained on, sorted. */
export function datasetsOf({origins}: TrainedRun, prepared: PreparedFacts | null): string[] {
  const found = [...Object.values(origins), ...Object.values(prepared?.origins ?? {})]
  return [...new Set(found.filter(({kind}) => kind === 'dataset').map(({id}) => id))].sort()
}

/** How to prepare the data again, in paragraphs. */
export function preparationNotes({settings, origins, given}: PreparedFacts): string[] {
  const placeOf = (key: string, name: string) => {
    const origin = origins[key]
    return origin ? `hf:${origin.id}@${origin.revision}` : name
  }
  const inputs = [
    ['data.documents', 'DOCUMENTS'],
    ['data.proxy', 'PROXY'],
    ['data.difficultyModel', 'DIFFICULTY_MODEL'],
    ['data.tokenizer', 'TOKENIZER'],
  ] as const
  const flags = inputs
    .filter(([key]) => key === 'data.documents' || given.includes(key))
    .map(([key, name]) => `${flagOfKey(key)} ${placeOf(key, name)}`)
  return [
    'The data were prepared with these settings, saved as `data.yaml`:',
    codeBlock('yaml', settingsYaml(settings, ['seed'])),
    codeBlock('sh', `rpt prepare-data --config data.yaml ${flags.join(' ')} --out DATA`),
  ]
}
