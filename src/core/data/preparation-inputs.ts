import {existsSync} from 'node:fs'
import {join} from 'node:path'
import type {Config} from '../config/schema.js'
import {fingerprintOf, hashJson, type Manifest, packageVersion} from '../store/index.js'

/** What prepared data depends on, hashed part by part so that a difference can be named. */
export interface PreparationInputs {
  readonly version: string
  readonly fingerprints: Readonly<Record<string, string>>
}

/** Files of a checkpoint that scores depend on. */
const checkpointFiles = ['config.json', 'model.safetensors', 'model.safetensors.index.json']

/** Hashes documents, tokenizer, checkpoints and settings. */
export function preparationInputs({data, seed}: Config): PreparationInputs {
  const {documents, tokenizer, proxy, difficultyModel, dir: _dir, ...settings} = data
  const hashFolder = (folder: string | undefined, names: readonly string[]) =>
    folder === undefined
      ? 'none'
      : fingerprintOf({
          inputs: names.map((name) => join(folder, name)).filter((file) => existsSync(file)),
          options: null,
        })
  return {
    version: packageVersion,
    fingerprints: {
      documents: fingerprintOf({inputs: [documents!], options: null}),
      tokenizer: hashFolder(tokenizer ?? proxy, ['tokenizer.json', 'tokenizer_config.json']),
      proxy: hashFolder(proxy, checkpointFiles),
      'difficulty model': hashFolder(difficultyModel, checkpointFiles),
      settings: hashJson({...settings, seed}),
    },
  }
}

/** What differs between a manifest and these inputs, in words. */
export function changedInputs(manifest: Manifest, {fingerprints}: PreparationInputs): string[] {
  const earlier = (manifest.fingerprints ?? {}) as Record<string, string>
  return Object.keys(fingerprints)
    .filter((part) => earlier[part] !== fingerprints[part])
    .map((part) => `${part} changed`)
}
