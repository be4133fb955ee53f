import {copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {loadConfig} from '../../src/core/config/load.js'
import type {Config} from '../../src/core/config/schema.js'
import {LocalEngine} from '../../src/core/engine/local-engine.js'
import {prepareData} from '../../src/core/preparation/prepare-data.js'
import {loadTokenizer} from '../../src/core/tokenizer/tokenizer.js'
import {type Progress, silentProgress} from '../../src/core/util/progress.js'
import {Sampler, streamSeed} from '../../src/core/util/rng.js'
import type {Services} from '../../src/core/util/services.js'
import {optimizer, temporaryFolder} from './tiny-engine.js'

const experiment = fileURLToPath(new URL('../../experiments/tiny', import.meta.url))

const baseConfig = {
  model_type: 'llama',
  vocab_size: 722,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 256,
  tie_word_embeddings: true,
  bos_token_id: 1,
  eos_token_id: 2,
}

/** A folder with a corpus, a base model and data prepared with it. */
export interface ToyWorkspace {
  readonly folder: string
  readonly base: string
  readonly data: string
}

/** Settings of a training run that takes no time. */
export const toySettings: readonly string[] = [
  'threads=1',
  'prompt.template=bare',
  'rollout.maxTokens=6',
  'rollout.temperature=1',
  'grpo.groupSize=4',
  'grpo.contextsPerStep=4',
  'train.batchRows=4',
  'optim.learningRate=0.001',
]

/** Settings that make every stage small; `changes` are `key=value`. */
export function toyConfig({folder, base, data}: ToyWorkspace, out: string, changes: readonly string[] = []): Config {
  const sets = [`data.dir=${data}`, `model.path=${base}`, `out=${join(folder, out)}`, ...toySettings, ...changes]
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

/**
 * A language of three letters, A B C A B C ..., with a model of `hidden` width that was taught to answer in the right
 * form with a letter at random: its reward is about a third.
 */
export async function toyWorkspace(hidden = 16): Promise<ToyWorkspace> {
  const folder = temporaryFolder()
  cpSync(await sharedWorkspace(hidden), folder, {recursive: true})
  return {folder, base: join(folder, 'base'), data: join(folder, 'data')}
}

/** The workspace that files of tests copy: the first of them makes it, in the folder that vitest's workers share. */
async function sharedWorkspace(hidden: number): Promise<string> {
  const shared = join(tmpdir(), `toy-workspace-${hidden}`)
  if (existsSync(shared)) return shared
  const folder = mkdtempSync(join(tmpdir(), 'rpt-toy-'))
  await makeWorkspace(folder, hidden)
  // Where another worker was faster, its workspace is the same.
  if (!existsSync(shared)) renameSync(folder, shared)
  return shared
}

async function makeWorkspace(folder: string, hidden: number): Promise<void> {
  const base = join(folder, 'base')
  const texts = Array.from({length: 12}, (_, i) => lettersFrom(i % 3, 5 + i).trimStart())
  writeFileSync(join(folder, 'corpus.jsonl'), texts.map((text) => `${JSON.stringify({text})}\n`).join(''))
  await teachBase(folder, base, hidden)
  const sets = [
    `data.documents=${join(folder, 'corpus.jsonl')}`,
    `data.proxy=${base}`,
    `out=${join(folder, 'data')}`,
    'data.valDocuments=2',
    // After the start token alone any letter may follow.
    'data.minContext=2',
    'data.selectThreshold=0',
    'data.thresholds=[0,0,0]',
    'threads=1',
  ]
  await prepareData(loadConfig({command: 'prepare-data', sets, cwd: folder}).config, toyServices())
}

/** ` A B C A ...` from a letter on. */
function lettersFrom(first: number, length: number): string {
  return Array.from({length}, (_, i) => ` ${'ABC'[(first + i) % 3]}`).join('')
}

async function teachBase(folder: string, base: string, hidden: number): Promise<void> {
  const config = join(folder, 'config.json')
  writeFileSync(config, JSON.stringify({...baseConfig, hidden_size: hidden, intermediate_size: 2 * hidden}))
  for (const file of ['tokenizer.json', 'tokenizer_config.json'])
    copyFileSync(join(experiment, file), join(folder, file))
  const tokenizer = await loadTokenizer(folder)
  const engine = new LocalEngine({device: 'cpu', threads: 1})
  await engine.load({config, init: {embeddingStd: 0.1, linearGain: 1, residualScale: 1}, seed: 1})
  const sampler = new Sampler(streamSeed(1, 'lessons'))
  const lesson = () => {
    const prompt = tokenizer.encodeMarkup(
      `${lettersFrom(sampler.integer(3), 1 + sampler.integer(15)).trimStart()}<think>`,
    )
    const answer = tokenizer.encodeMarkup(`</think>\\boxed{ ${'ABC'[sampler.integer(3)]}}`)
    return {ids: Int32Array.of(tokenizer.startId!, ...prompt, ...answer, 2), trainedFrom: 1 + prompt.length}
  }
  for (let update = 0; update < 60; update++)
    await engine.updateLanguageModel({
      rows: Array.from({length: 32}, lesson),
      rowsPerMicroBatch: 32,
      mode: 'whole',
      optimizer: {...optimizer, learningRate: 0.01, maxGradNorm: 1},
    })
  mkdirSync(base)
  await engine.save(base, false)
  await engine.close()
  for (const file of ['tokenizer.json', 'tokenizer_config.json']) copyFileSync(join(folder, file), join(base, file))
}
