import {cpSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import type {Config} from '../../../src/core/config/schema.js'
import {evaluate} from '../../../src/core/evaluation/evaluate.js'
import {planOf} from '../../../src/core/planning/plan.js'
import {prepareData} from '../../../src/core/preparation/prepare-data.js'
import {openSweep} from '../../../src/core/sweep/open-sweep.js'
import {sweep} from '../../../src/core/sweep/sweep.js'
import {train} from '../../../src/core/training/train.js'
import type {RptError} from '../../../src/core/util/errors.js'
import type {Services} from '../../../src/core/util/services.js'
import {type ToyWorkspace, toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

export let workspace: ToyWorkspace
export const at = (...parts: string[]) => join(workspace.folder, ...parts)

/** Makes the workspace, with what commands refuse beside what they take. */
export async function makeWorkspace(): Promise<void> {
  workspace = await toyWorkspace()
  mkdirSync(at('occupied'))
  writeFileSync(at('occupied', 'notes.txt'), 'mine')
  mkdirSync(at('no-data'))
  writeFileSync(at('no-data', 'a.txt'), 'mine')
  for (const [out, count] of Object.entries({'none-held': 0, 'all-held': 12})) {
    const sets = ['data.documents=corpus.jsonl', 'data.proxy=base', `data.valDocuments=${count}`, `out=${out}`]
    const {config} = loadConfig({command: 'prepare-data', sets: [...sets, 'threads=1'], cwd: workspace.folder})
    await prepareData(config, toyServices({command: 'prepare-data'}))
  }
  const other = ['data.documents=corpus.jsonl', 'data.proxy=base', 'data.valDocuments=3', 'out=other-data', 'threads=1']
  await prepareData(
    loadConfig({command: 'prepare-data', sets: other, cwd: workspace.folder}).config,
    toyServices({command: 'prepare-data'}),
  )
  cpSync(workspace.base, at('other'), {recursive: true})
  const tokenizer = {model: {type: 'BPE', vocab: {a: 0}, merges: []}, pre_tokenizer: {type: 'ByteLevel'}}
  writeFileSync(at('other', 'tokenizer.json'), JSON.stringify(tokenizer))
  cpSync(workspace.base, at('no-weights'), {recursive: true})
  rmSync(at('no-weights', 'model.safetensors'))
  writeFileSync(at('rows.jsonl'), '{"prompt": "A", "completion": " B"}\n')
  writeFileSync(at('bare-rows.jsonl'), '{"prompt": "A<think>", "completion": "</think> B"}\n')
  writeFileSync(at('bad-rows.jsonl'), '{"prompt": "A"}\n')
  const questions = ['A', 'B', 'C'].map((question) => `${JSON.stringify({question, answer: '1'})}\n`)
  writeFileSync(at('questions.jsonl'), questions.join(''))
  writeFileSync(at('corpus.xyz'), 'text')
  writeFileSync(at('short.txt'), '{context}')
  writeFileSync(at('long.txt'), `${'A B C '.repeat(90)}{context}`)
  writeFileSync(
    at('train.yaml'),
    'data: {dir: data}\nmodel: {path: base}\ntrain: {steps: 2}\ncheckpoint: {steps: [2]}\nprompt: {template: bare}\nrollout: {maxTokens: 6}\n',
  )
  writeFileSync(
    at('sft.yaml'),
    'data: {dir: data}\nmodel: {path: base}\ntrain: {objective: sft, steps: 2}\nsft: {completions: rows.jsonl}\ncheckpoint: {steps: [2]}\nrollout: {maxTokens: 6}\n',
  )
}

/** Every path below the workspace with its time of change. */
export function contents(): string[] {
  const names = readdirSync(workspace.folder, {recursive: true, encoding: 'utf8'})
  return ['.', ...names].sort().map((name) => `${name} ${statSync(at(name)).mtimeMs}`)
}

export const commands = {
  train,
  eval: evaluate,
  'prepare-data': prepareData,
  'scaling-sweep': sweep,
} as const

export async function rehearse(command: keyof typeof commands, config: Config, services: Partial<Services> = {}) {
  const missing: string[] = []
  const given = toyServices({command, ...services, rehearsal: {note: (line) => missing.push(line)}})
  if (command === 'scaling-sweep') await openSweep(config, given)
  const plan = await planOf(command, config, given)
  return [...new Set([...missing, ...plan.missing])]
}

export function configOf(command: string, changes: readonly string[]): Config {
  if (command === 'train' || command === 'eval') return toyConfig(workspace, 'new', changes)
  const own =
    command === 'prepare-data'
      ? [`data.documents=${at('corpus.jsonl')}`, 'data.proxy=base']
      : ['sweep.train=train.yaml']
  return loadConfig({command, sets: ['out=new', 'threads=1', ...own, ...changes], cwd: workspace.folder}).config
}

/** Paths among the settings, below the workspace. */
export function here(set: string): string {
  return set.replace(
    /^((?:data\.dir|model\.path|out|data\.documents|data\.proxy|data\.tokenizer|sft\.completions|data\.questions|prompt\.templateFile)=)/,
    `$1${workspace.folder}/`,
  )
}

export function loadedAt(command: string, changes: readonly string[]): Config {
  return configOf(command, changes.map(here))
}

export async function failure(body: () => Promise<unknown>): Promise<RptError> {
  return body().then(
    () => expect.fail('it succeeded'),
    (error) => error,
  )
}
