import {copyFileSync, mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {loadConfig} from '../../src/core/config/load.js'
import type {Config} from '../../src/core/config/schema.js'
import {prepareData} from '../../src/core/data/prepare-data.js'
import {LocalEngine} from '../../src/core/engine/engine.js'
import {type Progress, silentProgress} from '../../src/core/util/progress.js'
import type {Services} from '../../src/core/util/services.js'
import {temporaryFolder} from './tiny-engine.js'

const experiment = fileURLToPath(new URL('../../experiments/tiny/', import.meta.url))

/** A folder with a corpus, a random base model and data prepared with it. */
export interface ToyWorkspace {
  readonly folder: string
  readonly base: string
  readonly data: string
}

/** Settings that make every stage small; `changes` are `key=value`. */
export function toyConfig({folder, base, data}: ToyWorkspace, out: string, changes: readonly string[] = []): Config {
  const sets = [
    `data.dir=${data}`,
    `model.path=${base}`,
    `out=${join(folder, out)}`,
    'threads=1',
    'prompt.template=bare',
    'rollout.maxTokens=6',
    'rollout.temperature=1',
    'grpo.groupSize=4',
    'grpo.contextsPerStep=4',
    'train.batchRows=4',
    'optim.learningRate=0.001',
    ...changes,
  ]
  return loadConfig({sets, cwd: folder}).config
}

/** Services of a caller who only listens to log and warning lines. */
export function toyServices(changes: Partial<Services> = {}, lines: string[] = []): Services {
  const keep = (line: string) => {
    lines.push(line)
  }
  const progress: Progress = {...silentProgress, log: keep, warn: keep}
  return {
    progress,
    signal: new AbortController().signal,
    sources: new Map(),
    command: 'train',
    version: '0.0.0',
    resume: false,
    overwrite: false,
    ...changes,
  }
}

/** Prepares data from `texts` with a random model of that width over the tokenizer of `experiments/tiny`. */
export async function toyWorkspace(texts: readonly string[] = toyTexts, hidden = 16): Promise<ToyWorkspace> {
  const folder = temporaryFolder()
  const base = join(folder, 'base')
  const workspace = {folder, base, data: join(folder, 'data')}
  writeFileSync(join(folder, 'corpus.jsonl'), texts.map((text) => `${JSON.stringify({text})}\n`).join(''))
  await writeBase(folder, base, hidden)
  const sets = [
    `data.documents=${join(folder, 'corpus.jsonl')}`,
    `data.proxy=${base}`,
    `out=${workspace.data}`,
    'data.valDocuments=2',
    'threads=1',
  ]
  await prepareData(loadConfig({command: 'prepare-data', sets, cwd: folder}).config, toyServices())
  return workspace
}

const toyTexts = Array.from(
  {length: 12},
  (_, i) => `Document ${i}: the ${['cat', 'dog', 'red robot'][i % 3]} turns left.`,
)

async function writeBase(folder: string, base: string, hidden: number): Promise<void> {
  const source = {
    model_type: 'llama',
    vocab_size: 722,
    hidden_size: hidden,
    intermediate_size: 2 * hidden,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    max_position_embeddings: 256,
    tie_word_embeddings: true,
    bos_token_id: 1,
    eos_token_id: 2,
  }
  const config = join(folder, 'config.json')
  writeFileSync(config, JSON.stringify(source))
  const engine = new LocalEngine({device: 'cpu', threads: 1})
  await engine.load({config, init: {embeddingStd: 0.1, linearGain: 1, residualScale: 1}, seed: 1})
  mkdirSync(base)
  await engine.save(base, false)
  await engine.close()
  for (const file of ['tokenizer.json', 'tokenizer_config.json']) copyFileSync(join(experiment, file), join(base, file))
}
