import {copyFileSync, mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {configsOf, type Stages, setsOf, stagesOf} from '../stages.js'
import {generate} from './generate-corpus.js'

/** The folder of this experiment. */
const here = import.meta.dirname
/** What a checkpoint folder holds of a model. */
const modelFiles = ['model.safetensors', 'config.json', 'tokenizer.json', 'tokenizer_config.json']

/** Corpus, traces and base model of one seed, made from nothing. */
export interface Base {
  readonly corpus: string
  /** Checkpoint folder: weights, config.json and tokenizer. */
  readonly model: string
}

/**
 * Makes the base model of a seed: generates corpus and traces, and trains on both from random weights (objective sft,
 * sft.yaml). Held-out documents are held out here too. Its stages lie below the folder `within`.
 */
export function makeBase(seed: number, {folder, file, rpt}: Stages, within: string): Base {
  const at = (name: string) => join(within, name)
  const made = generate({seed})
  const corpus = file(at('corpus.jsonl'), (path) => writeFileSync(path, made.corpus))
  const traces = file(at('traces.jsonl'), (path) => writeFileSync(path, made.traces))
  const seeded = ['--seed', String(seed)]
  const onlyDocuments = [...setsOf(['data.proxy=null']), '--documents-only', '--tokenizer', here]
  rpt(at('documents'), 'prepare-data', configsOf('tiny', 'prepare'), onlyDocuments, '--documents', corpus, seeded)
  const data = ['--data', folder(at('documents'))]
  rpt(at('sft'), 'train', configsOf('tiny', 'sft'), data, setsOf([`sft.completions=${traces}`]), seeded)
  const trained = join(folder(at('sft')), 'checkpoints', 'step-002000')
  for (const name of modelFiles) file(at(`base/${name}`), (path) => copyFileSync(join(trained, name), path))
  return {corpus, model: folder(at('base'))}
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const {model} = makeBase(0, stagesOf('tiny-base'), '.')
  mkdirSync(join(here, 'base'), {recursive: true})
  for (const name of modelFiles) copyFileSync(join(model, name), join(here, 'base', name))
  console.log(`copied ${model} to ${join(here, 'base')}`)
}
