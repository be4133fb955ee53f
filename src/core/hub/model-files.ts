import {join} from 'node:path'
import {tokenizerFileNames} from '../tokenizer/file-names.js'
import {readPlainText} from '../util/plain-file.js'

/**
 * Chooses files of a repository.
 *
 * @param path relative, parts divided by '/'
 * @param all every path of the commit, sorted
 */
export type FileFilter = (path: string, all: readonly string[]) => boolean

const small: ReadonlySet<string> = new Set(['config.json', 'generation_config.json', ...tokenizerFileNames])
const index = 'model.safetensors.index.json'
const single = 'model.safetensors'
const adapter: ReadonlySet<string> = new Set(['adapter_config.json', 'adapter_model.safetensors'])
const shard = /^model-\d+-of-\d+\.safetensors$/

/**
 * The files of a checkpoint: configuration, tokenizer and weights; the shards where there are both shards and one file. Where
 * there are adapters and no checkpoint, those.
 */
export function modelFiles(path: string, all: readonly string[]): boolean {
  if (small.has(path)) return true
  // Beside a checkpoint they are of no use.
  if (adapter.has(path)) return !all.includes('config.json')
  const isSharded = all.includes(index) && all.some((name) => shard.test(name))
  return isSharded ? path === index || shard.test(path) : path === single
}

/** The files that a tokenizer is read from. */
export function tokenizerFiles(path: string): boolean {
  return small.has(path) && path !== 'generation_config.json'
}

/**
 * Files that a checkpoint cannot do without and a folder lacks, as far as the folder itself tells: `config.json`, and
 * weights or the shards that its index names; of adapters, their tensors.
 *
 * @param names files of the folder
 * @param filter only what it chooses is missed
 */
export function missingModelFiles(folder: string, names: readonly string[], filter: FileFilter): string[] {
  const weights = names.includes(index) ? shardsOf(join(folder, index)) : [single]
  const isAdapter = names.includes('adapter_config.json') && !names.includes('config.json')
  const needed = isAdapter ? [...adapter] : ['config.json', ...weights]
  const absent = needed.filter((name) => !names.includes(name))
  return absent.filter((name) => filter(name, [...names, ...absent]))
}

function shardsOf(file: string): string[] {
  try {
    const {weight_map: shards} = JSON.parse(readPlainText(file))
    return [...new Set(Object.values<string>(shards))].sort()
  } catch {
    // Whoever reads the weights says what is wrong with the index.
    return []
  }
}
