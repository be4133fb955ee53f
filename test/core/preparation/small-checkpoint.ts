import {cpSync, mkdtempSync, readFileSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {adapterTargets} from '../../../src/core/config/names.js'
import {LocalEngine} from '../../../src/core/engine/local-engine.js'

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

/** Folder of trained adapters on a checkpoint, without a tokenizer; the merged checkpoint lies below it in `merged`. */
export async function makeAdapters(base: string): Promise<string> {
  const folder = newFolder()
  const engine = new LocalEngine({device: 'cpu', threads: 1})
  const fresh = {rank: 2, alpha: 4, rsLora: false, targets: adapterTargets, base: {name: base, revision: null}}
  await engine.load({checkpoint: base, adapter: {fresh, seed: 1}})
  const optimizer = {learningRate: 0.05, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1e9}
  const rows = [5, 9].map((length) => ({ids: Int32Array.from({length}, (_, i) => 3 + i), trainedFrom: 1}))
  for (let update = 0; update < 3; update++)
    await engine.updateLanguageModel({rows, rowsPerMicroBatch: 2, optimizer, mode: 'whole'})
  await engine.save(folder, false, {dtype: 'float32', isMerged: true})
  await engine.close()
  return folder
}
