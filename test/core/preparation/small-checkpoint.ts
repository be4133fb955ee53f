import {cpSync, mkdtempSync, readFileSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {LocalEngine} from '../../../src/core/engine/engine.js'

/** Folder of the tiny experiment, whose tokenizer small checkpoints have. */
export const tiny = resolve(import.meta.dirname, '../../../experiments/tiny')

/** A new folder of its own. */
export const newFolder = () => mkdtempSync(join(tmpdir(), 'rpt-prepare-'))

/** A random one-layer model with the tokenizer of the tiny experiment. */
export async function makeCheckpoint(seed: number): Promise<string> {
  const folder = newFolder()
  const shape = {hidden_size: 16, intermediate_size: 24, num_hidden_layers: 1, num_attention_heads: 2, head_dim: 8}
  const source = JSON.parse(readFileSync(join(tiny, 'model/config.json'), 'utf8'))
  const config = join(folder, 'config.json')
  writeFileSync(config, JSON.stringify({...source, ...shape, num_key_value_heads: 2}))
  const engine = new LocalEngine({device: 'cpu', threads: 1})
  await engine.load({config, init: {embeddingStd: 0.6, linearGain: 1, residualScale: 1}, seed})
  await engine.save(folder, false)
  await engine.close()
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) cpSync(join(tiny, name), join(folder, name))
  return folder
}
