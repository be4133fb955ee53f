import {type ConfigKey, findKey} from './keys.js'

/** Flag -> config key, or one key per command where commands differ. Every flag that sets something is in this table. */
const flagKeys: Readonly<Record<string, string | Readonly<Record<string, string>>>> = {
  seed: 'seed',
  out: 'out',
  device: 'device',
  threads: 'threads',
  documents: 'data.documents',
  tokenizer: 'data.tokenizer',
  proxy: 'data.proxy',
  'difficulty-model': 'data.difficultyModel',
  'val-documents': 'data.valDocuments',
  select: 'data.select',
  'documents-only': 'data.documentsOnly',
  limit: {'prepare-data': 'data.limit', eval: 'eval.limit'},
  data: 'data.dir',
  model: 'model.path',
  'model-config': 'model.config',
  objective: 'train.objective',
  steps: 'train.steps',
  'allow-noop': 'train.allowNoop',
  track: 'train.track',
  rows: {'warm-start': 'warmStart.rows'},
  checkpoint: {eval: 'eval.checkpoint'},
  mode: 'eval.modes',
  samples: 'eval.samples',
}

/** The setting that a command's flag stands for; undefined for flags such as `--resume` that are no setting. */
export function keyOfFlag(flag: string, command: string): ConfigKey | undefined {
  const key = flagKeys[flag]
  return findKey((typeof key === 'string' ? key : key?.[command]) ?? '')
}

/** The flag that sets a key, e.g. `--data` for `data.dir`; undefined when only `--set` and config files can. */
export function flagOfKey(key: string): string | undefined {
  const row = Object.entries(flagKeys).find(([, keys]) =>
    typeof keys === 'string' ? keys === key : Object.values(keys).includes(key),
  )
  return row && `--${row[0]}`
}
