import {existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {readCompanions, writeCompanions} from '../../../src/core/runs/companions.js'
import {train} from '../../../src/core/training/train.js'
import {readTensors} from '../../support/read-tensors.js'
import {runContents} from '../../support/run-contents.js'
import {type ToyWorkspace, toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

let workspace: ToyWorkspace

const settings = (dtype: string) => [
  'train.objective=rpt',
  'train.steps=4',
  'checkpoint.every=2',
  `checkpoint.dtype=${dtype}`,
]
const run = (out: string, dtype: string, resume = false) =>
  train(toyConfig(workspace, out, settings(dtype)), toyServices({resume}))
const at = (...parts: string[]) => join(workspace.folder, ...parts)
const last = (out: string, file: string) => at(out, 'checkpoints', 'step-000004', file)

beforeAll(async () => {
  workspace = await toyWorkspace()
  writeFileSync(at('base', 'generation_config.json'), '{"temperature": 0.6}')
  await run('float32', 'float32')
})

describe.each([
  ['bfloat16', 'BF16'],
  ['float16', 'F16'],
])('a run that saves %s', (dtype, stored) => {
  it('ends where a run that saves float32 ends, rounded', async () => {
    await run(dtype, dtype)
    const [plain, rounded] = await Promise.all(['float32', dtype].map((out) => runContents(at(out), 4)))
    for (const name of Object.keys(plain).filter((key) => key.endsWith('.arrow')))
      expect(rounded[name] === plain[name], name).toBe(true)
    const weights = readTensors(last(dtype, 'model.safetensors'))
    expect([...new Set([...weights.values()].map((tensor) => tensor.dtype))]).toEqual([stored])
    const kept = readTensors(last(dtype, 'optimizer.safetensors')).get('model.norm.weight/weight')!
    expect(kept).toEqual(readTensors(last('float32', 'model.safetensors')).get('model.norm.weight'))
    expect(kept.data).not.toEqual(weights.get('model.norm.weight')!.data)
  })

  it('and is killed goes on to the same end, bit for bit', async () => {
    const out = `${dtype}-killed`
    await run(out, dtype)
    rmSync(at(out, 'checkpoints', 'step-000004'), {recursive: true})
    rmSync(at(out, 'summary.json'))
    await run(out, dtype, true)
    const [expected, actual] = await Promise.all([dtype, out].map((name) => runContents(at(name), 4)))
    expect(Object.keys(actual)).toEqual(Object.keys(expected))
    for (const name of Object.keys(expected)) expect(actual[name] === expected[name], name).toBe(true)
  })
})

it("a checkpoint carries the model's generation settings and tokenizer", () => {
  expect(readFileSync(last('float32', 'generation_config.json'), 'utf8')).toBe('{"temperature": 0.6}')
  for (const file of ['tokenizer.json', 'tokenizer_config.json'])
    expect(readFileSync(last('float32', file)).equals(readFileSync(at('base', file))), file).toBe(true)
  expect(existsSync(last('float32', 'chat_template.jinja'))).toBe(false)
})

it('carries files only, and only those of a checkpoint', async () => {
  for (const folder of ['from', 'from/merges.txt', 'to']) mkdirSync(at(folder))
  for (const name of ['chat_template.jinja', 'tokenizer.json', 'model.safetensors'])
    writeFileSync(at('from', name), name)
  await writeCompanions(at('to'), readCompanions(at('from'), [at('from')]))
  expect(readFileSync(at('to', 'chat_template.jinja'), 'utf8')).toBe('chat_template.jinja')
  expect(existsSync(at('to', 'model.safetensors')) || existsSync(at('to', 'merges.txt'))).toBe(false)
})
