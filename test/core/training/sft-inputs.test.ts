import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {loadConfig, requireKeys} from '../../../src/core/config/load.js'
import {trainingNeeds} from '../../../src/core/training/needs.js'
import {openTraining} from '../../../src/core/training/open-training.js'
import {train} from '../../../src/core/training/train.js'
import {type ToyWorkspace, toyServices, toySettings, toyWorkspace} from '../../support/toy-run.js'

let workspace: ToyWorkspace

beforeAll(async () => {
  workspace = await toyWorkspace()
  const rows = ['A', 'A B C A B C A B C A B C A B C A B C'].map((prompt) => JSON.stringify({prompt, completion: ' B'}))
  writeFileSync(join(workspace.folder, 'rows.jsonl'), `${rows.join('\n')}\n`)
  writeFileSync(join(workspace.folder, 'bad.jsonl'), '{"prompt": "A", "completion": 3}\n')
  mkdirSync(join(workspace.folder, 'out'))
})

function config(...changes: string[]) {
  const sets = [...toySettings, 'train.objective=sft', 'sft.completions=rows.jsonl', 'model.path=base', ...changes]
  return loadConfig({sets, cwd: workspace.folder}).config
}

describe('supervised fine-tuning', () => {
  it('needs no prepared data where no documents are mixed in, and takes the tokenizer of the model', async () => {
    const summary = await train(config('out=alone', 'train.steps=2'), toyServices())
    expect(summary.steps).toBe(2)
    expect(summary.metrics?.loss).toBeGreaterThan(0)
    const again = await train(config('out=alone', 'train.steps=3'), toyServices({resume: true}))
    expect(again.metrics?.step).toBe(3)
  })

  it.each([['sft.documentShare=0.5'], ['eval.every=1'], ['model.path=null', 'model.config=config.json']])(
    'needs them with %s',
    (...changes) => {
      const given = config(...changes)
      expect(() => requireKeys(given, trainingNeeds(given))).toThrow(/data\.dir is not set; give --data/)
    },
  )

  it('needs a file of rows', () => {
    const given = config('sft.completions=null')
    expect(() => requireKeys(given, trainingNeeds(given))).toThrow(/sft\.completions is not set/)
  })

  it('estimates memory with the lengths of its rows', async () => {
    const lengthWith = async (...changes: string[]) =>
      (await openTraining(config('out=alone2', ...changes), toyServices())).demand.work.languageModel!.length
    const alone = await lengthWith()
    expect(alone).toBeLessThanOrEqual(48)
    expect(await lengthWith('data.dir=data')).toBe(alone)
    expect(await lengthWith('data.dir=data', 'sft.documentShare=0.5')).toBeGreaterThanOrEqual(alone)
  })

  it('refuses a bad row before it says that memory is short', async () => {
    const short = ['out=alone3', 'memory.limitGiB=0.001']
    await expect(train(config(...short, 'sft.completions=bad.jsonl'), toyServices())).rejects.toThrow(/bad\.jsonl:1/)
    await expect(train(config(...short), toyServices())).rejects.toThrow(/of memory/)
  })
})
