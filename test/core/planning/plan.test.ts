import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {type Config, configSchema} from '../../../src/core/config/schema.js'
import {demandOf, evaluationDemand, trainingDemand, unknownLengths} from '../../../src/core/evaluation/memory-plan.js'
import {readModelConfig} from '../../../src/core/models/model-config.js'
import {planOf} from '../../../src/core/planning/plan.js'

let folder: string
let file: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rpt-plan-'))
  file = join(folder, 'config.json')
  writeFileSync(
    file,
    JSON.stringify({
      model_type: 'llama',
      vocab_size: 500,
      hidden_size: 32,
      intermediate_size: 64,
      num_hidden_layers: 2,
      num_attention_heads: 2,
      max_position_embeddings: 256,
    }),
  )
})

afterAll(() => {
  rmSync(folder, {recursive: true})
})

function configWith(settings: object): Config {
  return configSchema.parse({
    out: 'out',
    model: {config: file},
    rollout: {maxTokens: 32},
    grpo: {contextsPerStep: 8, contextsPerMicroBatch: 4, groupSize: 4},
    memory: {limitGiB: 8},
    ...settings,
  })
}

const lengths = {prompt: 50, heldOutPrompt: 70, trainDocument: 40, heldOutDocument: 60}

describe('planOf', () => {
  it('shows memory by class against what there is, and names the largest class and the setting that shrinks it', async () => {
    const {batch, memory, memory_summary: summary} = await planOf('train', configWith({}))
    expect(batch).toEqual(['8 contexts x 4 = 32 completions = 1 updates x 2 micro-batches x 4 contexts x 4'])
    expect(memory.map(({name}) => name)).toContain('key-value cache of the rollout')
    expect(summary).toMatchObject({
      available_bytes: 8 * 2 ** 30,
      fits: true,
      largest: memory.find(({name}) => name !== 'program'),
      setting: 'grpo.contextsPerMicroBatch',
    })
    expect(summary!.needed_bytes).toBe(memory.reduce((sum, {bytes}) => sum + bytes, 0))
  })

  it('has no memory where no model is named', async () => {
    expect(await planOf('scaling-sweep', configWith({}))).toMatchObject({memory: []})
    expect(await planOf('doctor', configWith({}))).toEqual({batch: [], memory: [], files: [], missing: []})
  })

  it('of a sweep shows what its training needs', async () => {
    const train = join(folder, 'train.yaml')
    writeFileSync(train, `model: {config: ${file}}\nrollout: {maxTokens: 32}\ngrpo: {contextsPerStep: 4}\n`)
    const {memory} = await planOf('scaling-sweep', configWith({sweep: {train}}))
    expect(memory.map(({name}) => name)).toContain('activations of the update')
  })
})

describe('trainingDemand', () => {
  const workOf = async (settings: object, known = lengths) =>
    trainingDemand(configWith(settings), await readModelConfig(file), known).work

  it('bounds prompts by the data, by prompt.maxTokens and by the positions that a completion leaves', async () => {
    const contextOf = async (settings: object, known = lengths) => (await workOf(settings, known)).rollout!.promptTokens
    expect(await contextOf({})).toBe(50)
    expect(await contextOf({prompt: {maxTokens: 20}})).toBe(20)
    expect(await contextOf({}, unknownLengths)).toBe(256 - 32)
  })

  it('bounds rows by the longest document and its end token, and by train.maxRowTokens', async () => {
    const train = {objective: 'ntp', batchRows: 8, rowsPerMicroBatch: 4}
    expect((await workOf({train})).languageModel).toEqual({rows: 4, length: 48, trained: 192})
    expect((await workOf({train: {...train, maxRowTokens: 16}})).languageModel).toMatchObject({length: 16})
    expect((await workOf({train: {...train, objective: 'sft'}})).languageModel).toMatchObject({length: 256})
  })

  it('includes evaluations only where there are some', async () => {
    expect((await workOf({})).score).toBeUndefined()
    const {score, rollout} = await workOf({eval: {every: 5}})
    expect(score).toMatchObject({length: 64})
    expect(rollout).toMatchObject({promptTokens: 70, groupSize: 1})
  })

  it('counts a reference where there is a KL term, and sums of gradients where there are micro-batches', async () => {
    expect(await workOf({})).toMatchObject({hasReference: false, isAccumulated: true})
    const grpo = {contextsPerStep: 4, contextsPerMicroBatch: 4, klCoef: 0.1}
    expect(await workOf({grpo})).toMatchObject({hasReference: true, isAccumulated: false})
  })
})

describe('evaluationDemand', () => {
  it('holds scores for standard mode and completions for the others', async () => {
    const model = await readModelConfig(file)
    const workOf = (modes: string[]) => evaluationDemand(configWith({eval: {modes}}), model, lengths).work
    expect(workOf(['standard'])).not.toHaveProperty('rollout')
    expect(workOf(['reasoning']).score).toBeUndefined()
    expect(workOf(['standard', 'empty-thought'])).toMatchObject({score: {length: 64}, rollout: {groupSize: 1}})
  })
})

it('a setting of size computes the work of another value', async () => {
  const model = await readModelConfig(file)
  const {sizes} = trainingDemand(configWith({}), model, lengths)
  const size = sizes.find(({setting}) => setting === 'grpo.contextsPerMicroBatch')!
  expect(size.at(2).policy!.contexts).toBe(2)
  expect(demandOf(configWith({}), () => ({model})).sizes).toEqual([])
})
