import {spawnSync} from 'node:child_process'
import {copyFileSync, mkdirSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'

/** The folder of this experiment. */
export const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '..', '..')

/** Runs one `rpt` command on this terminal; throws when it fails. */
export function rpt(...args: readonly string[]): void {
  console.log(`\n$ rpt ${args.join(' ')}`)
  run(process.execPath, [join(root, 'bin', 'run.js'), ...args])
}

function run(command: string, args: readonly string[]): void {
  const {status} = spawnSync(command, args, {cwd: root, stdio: 'inherit'})
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with status ${status}`)
}

/** The configuration file of a stage of this experiment. */
export function config(name: string): string[] {
  return ['--config', join(here, `${name}.yaml`)]
}

/** Corpus, traces and base model of one seed, made from nothing. */
export interface Base {
  readonly corpus: string
  /** Checkpoint folder: weights, config.json and tokenizer. */
  readonly model: string
}

/**
 * Makes the base model of a seed in `folder`: generates corpus and traces, and trains on both from random weights
 * (objective sft, sft.yaml). Held-out documents are held out here too.
 */
export function makeBase(seed: number, folder: string): Base {
  const at = (name: string) => join(folder, name)
  mkdirSync(folder, {recursive: true})
  const generator = join(here, 'generate.ts')
  run(process.execPath, ['--import', 'tsx', generator, '--seed', String(seed), '--out', folder])
  const corpus = ['--documents', at('corpus.jsonl'), '--seed', String(seed)]
  const onlyDocuments = ['--documents-only', '--tokenizer', here, '--out', at('documents'), '--overwrite']
  rpt('prepare-data', ...config('prepare'), '--set', 'data.proxy=null', ...corpus, ...onlyDocuments)
  const traces = ['--set', `sft.completions=${at('traces.jsonl')}`]
  rpt(
    'train',
    ...config('sft'),
    '--data',
    at('documents'),
    ...traces,
    '--seed',
    String(seed),
    '--out',
    at('sft'),
    '--overwrite',
  )
  mkdirSync(at('base'), {recursive: true})
  for (const file of ['model.safetensors', 'config.json', 'tokenizer.json', 'tokenizer_config.json'])
    copyFileSync(join(at('sft'), 'checkpoints', 'step-002000', file), join(at('base'), file))
  return {corpus: at('corpus.jsonl'), model: at('base')}
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const {model} = makeBase(0, join(root, 'runs', 'tiny-base'))
  mkdirSync(join(here, 'base'), {recursive: true})
  for (const file of ['model.safetensors', 'config.json', 'tokenizer.json', 'tokenizer_config.json'])
    copyFileSync(join(model, file), join(here, 'base', file))
  console.log(`copied ${model} to ${join(here, 'base')}`)
}
