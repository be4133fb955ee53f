import {copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {trainerStateFile} from '../../../src/core/runs/trainer-state.js'
import {openInputs, withMicroBatchesAtOnce} from '../../../src/core/training/open-training.js'
import {type ToyWorkspace, toyServices, toySettings, toyWorkspace} from '../../support/toy-run.js'

let workspace: ToyWorkspace
const at = (...names: string[]) => join(workspace.folder, ...names)

const questions = ['train.objective=rlvr', 'data.questions=questions.jsonl', 'data.valDocuments=1']

beforeAll(async () => {
  workspace = await toyWorkspace()
  writeFileSync(at('questions.jsonl'), '{"question": "A", "answer": "1"}\n{"question": "B", "answer": "2"}\n')
})

/** What is said before a run. */
async function saidOf(...changes: readonly string[]): Promise<string[]> {
  const lines: string[] = []
  const sets = ['data.dir=data', 'model.path=base', ...toySettings, ...changes]
  const {config, sources} = loadConfig({command: 'train', sets, cwd: workspace.folder})
  await openInputs(config, toyServices({sources}, lines), {})
  return lines
}

describe('before a run is said', () => {
  it('in which modes it is evaluated, where nobody chose them and evaluations fall due', async () => {
    const line = 'train: eval.modes is reasoning, the default of questions'
    expect(await saidOf(...questions, 'eval.every=1')).toContain(line)
    expect(await saidOf(...questions, 'eval.every=0')).not.toContain(line)
  })

  it('that nothing mentions the end of a thought, unless its model was taught it', async () => {
    const tokenizer = at('base', 'tokenizer.json')
    writeFileSync(tokenizer, readFileSync(tokenizer, 'utf8').replaceAll('think>', 'other>'))
    const warningsOf = async (model: string) =>
      (await saidOf('data.dir=null', `model.path=${model}`)).filter((line) =>
        line.startsWith('neither the tokenizer nor the prompt'),
      )
    expect(await warningsOf('base')).toHaveLength(1)
    for (const [objective, warnings] of Object.entries({ntp: 1, sft: 0})) {
      cpSync(at('base'), at(objective), {recursive: true})
      const state = {step: 1, objective, visits: 0, numTokens: 0, wallSeconds: 0, configHash: '', seed: 0}
      writeFileSync(at(objective, trainerStateFile), JSON.stringify(state))
      expect(await warningsOf(objective), objective).toHaveLength(warnings)
    }
  })
})

it('evaluations of questions are checked before a run that has no prepared data', async () => {
  const refused = saidOf(...questions, 'data.dir=null', 'eval.every=1', 'eval.modes=standard')
  await expect(refused).rejects.toThrow('items of task questions have no answer without a completion')
})

it('a rehearsal needs no tokenizer of a model whose prepared data are not there yet, and others do', async () => {
  mkdirSync(at('bare'))
  for (const name of ['config.json', 'model.safetensors']) copyFileSync(at('base', name), at('bare', name))
  const {config} = loadConfig({sets: ['model.path=bare', 'data.dir=later', ...toySettings], cwd: workspace.folder})
  const notes: string[] = []
  const {texts} = await openInputs(config, toyServices({rehearsal: {note: (line) => notes.push(line)}}), {})
  expect(texts).toBeNull()
  expect(notes).toEqual([`prepared data ${at('later')}: rpt prepare-data writes it`])
  await expect(saidOf(...questions, 'model.path=bare', 'data.dir=null')).rejects.toThrow(
    /bare.tokenizer\.json does not exist/,
  )
})

it('micro-batches that are computed together are as large as so many of them, of groups and of rows', () => {
  const sets = ['grpo.contextsPerMicroBatch=2', 'train.rowsPerMicroBatch=5']
  const {grpo, train} = withMicroBatchesAtOnce(loadConfig({sets, cwd: '/'}).config, 3)
  expect([grpo.contextsPerMicroBatch, train.rowsPerMicroBatch]).toEqual([6, 15])
})
