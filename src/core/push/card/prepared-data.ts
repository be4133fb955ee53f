import {join} from 'node:path'
import {manifestName, readManifest} from '../../files/index.js'
import {type Origins, originsIn} from '../../runs/origins.js'
import {isObject} from '../../util/is-object.js'
import type {TrainedRun} from '../trained-run.js'
import {codeBlock} from './markdown.js'
import {settingsYaml} from './settings.js'

/** How the data of a run were prepared. */
export interface PreparedFacts {
  /** Dotted key -> value. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly origins: Origins
}

/** Facts about the prepared data of a run; null if it has none, or if the data is gone or has changed. */
export function preparedFacts({config, identity}: TrainedRun): PreparedFacts | null {
  const {dir} = config.data
  if (dir === undefined) return null
  const manifest = readManifest(join(dir, manifestName))
  if (typeof manifest === 'string' || !isObject(manifest.fingerprints)) return null
  const {fingerprints, settings} = manifest
  const parts = ['documents', 'settings']
  const isSame = parts.every((part) => fingerprints[part] === identity.inputs?.[`${part} of the prepared data`])
  return isSame ? {settings: isObject(settings) ? settings : {}, origins: originsIn(manifest)} : null
}

/** Ids of the data sets on the Hub that a run was trained on, sorted. */
export function datasetsOf({origins}: TrainedRun, prepared: PreparedFacts | null): string[] {
  const found = [...Object.values(origins), ...Object.values(prepared?.origins ?? {})]
  return [...new Set(found.filter(({kind}) => kind === 'dataset').map(({id}) => id))].sort()
}

/** How to prepare the data again, in paragraphs. */
export function preparationNotes({settings, origins}: PreparedFacts): string[] {
  const placeOf = (key: string, name: string) => {
    const origin = origins[key]
    return origin ? `hf:${origin.id}@${origin.revision}` : name
  }
  const [documents, proxy] = [placeOf('data.documents', 'DOCUMENTS'), placeOf('data.proxy', 'PROXY')]
  return [
    'The data were prepared with these settings, saved as `data.yaml`:',
    codeBlock('yaml', settingsYaml(settings, ['seed'])),
    codeBlock('sh', `rpt prepare-data --config data.yaml --documents ${documents} --proxy ${proxy} --out DATA`),
  ]
}
