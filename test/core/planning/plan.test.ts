import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {type Config, configSchema} from '../../../src/core/config/schema.js'
import {gib, reportMemory} from '../../../src/core/engine/memory/check-memory.js'
import {bytesOf, stepTraffic} from '../../../src/core/engine/traffic/step-traffic.js'
import {evaluationWork} from '../../../src/core/evaluation/evaluation-work.js'
import {demandOf} from '../../../src/core/evaluation/size-settings.js'
import {writeFolder} from '../../../src/core/files/folder.js'
import {readModelConfig} from '../../../src/core/models/model-config.js'
import {planOf} from '../../../src/core/planning/plan.js'
import {planners} from '../../../src/core/planning/planners.js'
import {copyTokenizer} from '../../../src/core/preparation/copy-tokenizer.js'
import {openPrepared} from '../../../src/core/prepared/prepared.js'
import type {Partition} from '../../../src/core/records/records.js'
import {devices} from '../../../src/core/runtime/devices.js'
import {documentsTable, nullsOf, positionsTable, writeTable} from '../../../src/core/tables/index.js'
import {tasks} from '../../../src/core/tasks/tasks.js'
import {openInputs} from '../../../src/core/training/open-training.js'
import {toyServices} from '../../support/toy-run.js'

let folder: string
let file: string
let data: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rpt-plan-'))
  file = join(folder, 'config.json')
  data = join(folder, 'data')
  writeFileSync(
    file,
    JSON.stringify({
      model_type: 'llama',
      vocab_size: 722,
      hidden_size: 32,
      intermediate_size: 64,
      num_hidden_layers: 2,
      num_attention_heads: 2,
      max_position_embeddings: 256,
    }),
  )
  await writeData()
})

/** One training document of 40 tokens and one held-out document of 60, each with its last position kept. */
async function writeData(): Promise<void> {
  const lengths: readonly [Partition, number][] = [
    ['train', 40],
    ['val', 60],
  ]
  const documents = lengths.map(([partition, length]) => {
    const token_ids = new Int32Array(length).fill(9)
    return {doc_id: `corpus.jsonl:${length}`, partition, text: '', token_ids, byte_offsets: token_ids, goes_on: false}
  })
  const positions = lengths.map(([partition, length]) => ({
    ...nullsOf(positionsTable),
    doc_id: `corpus.jsonl:${length}`,
    position: length - 1,
    partition,
    target_id: 9,
    target_bytes: Buffer.from('A'),
    entropy: 1,
    target_logprob: -1,
    top1_id: 9,
    difficulty: 'hard' as const,
    kept: true,
    reason: 'kept',
  }))
  await writeFolder(data, async (path) => {
    await copyTokenizer(fileURLToPath(new URL('../../../experiments/tiny', import.meta.url)), path)
    await writeTable(join(path, 'documents.arrow'), documentsTable, documents)
    await writeTable(join(path, 'positions.arrow'), positionsTable, positions)
  })
}

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

/** With the start token these prompts have 11 tokens besides their context. */
const template = '{context} A B C A B C A B C A'

/** What training on the data needs; on none, which are not there yet, where `isKnown` is false. */
async function trainingDemand(settings: {readonly prompt?: object; readonly data?: object}, isKnown = true) {
  const prompt = {template, chatTemplate: 'none', ...settings.prompt}
  const config = configWith({...settings, prompt, data: {...settings.data, ...(isKnown && {dir: data})}})
  const services = toyServices({rehearsal: {note: () => undefined}})
  return (await openInputs(config, services, {})).demand
}

describe('planOf', () => {
  it('shows memory by class against what there is, and names the largest class and the setting that shrinks it', async () => {
    const {batch, memory, memory_summary: summary} = await planOf('train', configWith({}))
    expect(batch).toEqual(['8 contexts x 4 = 32 completions = 1 update x 2 micro-batches x 4 contexts x 4'])
    expect(memory.map(({name}) => name)).toContain('activations of the update')
    expect(summary).toMatchObject({
      available_bytes: 8 * 2 ** 30,
      fits: true,
      largest: memory.find(({name}) => name !== 'program'),
      setting: 'grpo.contextsPerMicroBatch',
    })
    expect(summary!.needed_bytes).toBe(memory.reduce((sum, {bytes}) => sum + bytes, 0))
  })

  it('of a device with its own memory shows both, each against what there is', async () => {
    const memory = {limitGiB: 8, deviceLimitGiB: 0.001}
    const {
      memory: host,
      memory_summary: onHost,
      device_memory: device,
    } = await planOf('train', configWith({device: 'cuda', memory}))
    expect(host.map(({name}) => name)).not.toContain('activations of the update')
    expect(onHost).toMatchObject({available_bytes: 8 * 2 ** 30, fits: true})
    expect(device!.parts.map(({name}) => name)).toContain('activations of the update')
    expect(device!.summary).toMatchObject({available_bytes: 0.001 * 2 ** 30, fits: false})
    expect((await planOf('train', configWith({}))).device_memory).toBeNull()
  })

  it('says how updates would be computed, what graphs may keep besides, and what a step moves where runs copy', async () => {
    const config = configWith({device: 'cuda', update: {microBatchesAtOnce: 2}})
    const {demand} = await openInputs(config, toyServices({rehearsal: {note: () => undefined}}), {})
    const {rollout, update} = stepTraffic(demand.work, devices.cuda)
    const moved = {sampling: bytesOf(rollout), update: bytesOf(update)}
    expect(moved.sampling).not.toBe(moved.update)
    const plan = await planOf('train', config)
    expect(plan).toMatchObject({update_mode: 'whole', micro_batches_at_once: 2, bus_bytes: moved})
    expect(plan.update).toBe(
      `update: whole, 2 micro-batches at once (update.mode auto); to the device and back each step at most ${gib(moved.sampling)} for sampling, ${gib(moved.update)} for the update`,
    )
    const {device, ...host} = reportMemory(demand, config.memory)
    expect(plan.memory_summary).toMatchObject({spare_bytes: host.spareBytes})
    expect(plan.device_memory!.summary).toMatchObject({spare_bytes: device!.spareBytes})
    expect(device!.spareBytes).toBeGreaterThan(0)
    expect((await planOf('train', configWith({}))).bus_bytes).toBeNull()
  })

  it('has no memory where no model is named', async () => {
    expect(await planOf('scaling-sweep', configWith({}))).toMatchObject({memory: []})
    const train = join(folder, 'model-by-axis.yaml')
    writeFileSync(train, 'rollout: {maxTokens: 32}\n')
    expect(await planOf('scaling-sweep', configWith({out: join(folder, 'sweep'), sweep: {train}}))).toMatchObject({
      memory: [],
    })
    expect(await planOf('doctor', configWith({}))).toMatchObject({batch: [], memory: [], files: [], missing: []})
  })

  it('of a sweep shows what that point needs which needs most', async () => {
    const train = join(folder, 'train.yaml')
    writeFileSync(train, 'rollout: {maxTokens: 32}\ngrpo: {contextsPerStep: 4}\n')
    const memoryOf = async (lengths: readonly number[]) => {
      const axes = {'model.config': [file], 'rollout.maxTokens': lengths}
      return (await planOf('scaling-sweep', configWith({out: join(folder, 'sweep'), sweep: {train, axes}}))).memory
    }
    const [small, large, both] = [await memoryOf([16]), await memoryOf([64]), await memoryOf([64, 16])]
    expect(small.map(({name}) => name)).toContain('activations of the update')
    expect(both).toEqual(large)
    expect(both).not.toEqual(small)
  })
})

describe('the memory of training', () => {
  const workOf = async (settings: object, isKnown = true) => (await trainingDemand(settings, isKnown)).work

  it('counts the larger sampling, that of the steps or that of the evaluations beside them', async () => {
    const rolloutOf = async (groupSize: number, every: number) =>
      (await workOf({grpo: {contextsPerStep: 8, contextsPerMicroBatch: 4, groupSize}, eval: {every}})).rollout!
    const many = await rolloutOf(256, 0)
    expect(many.groupSize).toBe(256)
    expect(await rolloutOf(256, 1)).toEqual(many)
    expect((await rolloutOf(2, 1)).contexts).toBeGreaterThan((await rolloutOf(2, 0)).contexts)
  })

  it('counts the longer queries, those of rewards or those of multiple choice beside them, and as many tokens', async () => {
    const questions = join(folder, 'choices.jsonl')
    const rows = [1, 2].map((i) => ({question: `A ${i}`, options: ['B', 'C D C D C D'], answer: 0}))
    writeFileSync(questions, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    const queriesOf = async (every: number, ...terms: string[]) => {
      const evaluated = {every, task: 'multiple-choice', modes: ['standard']}
      return (await workOf({reward: {terms}, eval: evaluated, data: {questions}, prompt: {choices: 'cloze'}})).logprobs!
    }
    const [own, others] = [await queriesOf(0, 'dense'), await queriesOf(1, 'prefix-match')]
    expect(own.length).toBeGreaterThan(others.length)
    expect(others.asked).toBeGreaterThan(own.asked)
    expect(await queriesOf(1, 'dense')).toEqual({...own, asked: others.asked})
  })

  it('bounds prompts by the data, by prompt.maxTokens and by the positions that a completion leaves', async () => {
    const contextOf = async (settings: object, isKnown = true) =>
      (await workOf(settings, isKnown)).rollout!.promptTokens
    expect(await contextOf({})).toBe(50)
    expect(await contextOf({prompt: {maxTokens: 20}})).toBe(20)
    expect(await contextOf({}, false)).toBe(256 - 32)
  })

  it('bounds rows by the longest document and its end token, and by train.maxRowTokens', async () => {
    const train = {objective: 'ntp', batchRows: 8, rowsPerMicroBatch: 4}
    expect((await workOf({train})).languageModel).toEqual({rows: 4, length: 48, trained: 192})
    expect((await workOf({train: {...train, maxRowTokens: 16}})).languageModel).toMatchObject({length: 16})
    expect((await workOf({train: {...train, objective: 'sft'}})).languageModel).toMatchObject({length: 256})
  })

  it('counts what rewards ask, and the average where one asks it', async () => {
    const of = async (name: string) => workOf({reward: {terms: [name]}})
    expect(await of('prefix-match')).toMatchObject({hasAverage: false})
    expect((await of('prefix-match')).logprobs).toBeUndefined()
    expect(await of('dense')).toMatchObject({hasAverage: false, logprobs: {length: 96}})
    expect(await of('information-gain')).toMatchObject({hasAverage: true, logprobs: {length: 96}})
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

  it('counts the log-probabilities that a loss of whole completions asks before each update but the first', async () => {
    const of = async (grpo: object) => (await workOf({grpo: {contextsPerStep: 4, ...grpo}})).asksPolicy
    expect(await of({loss: 'gspo', miniBatches: 2})).toBe(true)
    expect(await of({loss: 'gspo'})).toBe(false)
    expect(await of({miniBatches: 2})).toBe(false)
  })
})

describe('the memory of evaluation', () => {
  async function evaluation() {
    const model = await readModelConfig(file)
    const config = configWith({prompt: {template, chatTemplate: 'none'}})
    const prepared = await openPrepared(data)
    const task = await tasks['next-token'].open({config, data: prepared, model})
    const {tokenizer} = prepared
    return {
      workOf: (modes: string[], forcedThought = '', limit?: number) =>
        evaluationWork(configWith({eval: {modes, forcedThought, limit}}), model, {task, tokenizer}),
      lengthOf: (markup: string) => tokenizer.encodeMarkup(markup).length,
    }
  }

  it('holds scores for standard mode and completions for the others', async () => {
    const {workOf, lengthOf} = await evaluation()
    expect(workOf(['standard'])).not.toHaveProperty('rollout')
    expect(workOf(['reasoning']).score).toBeUndefined()
    expect(workOf(['standard', 'empty-thought'])).toMatchObject({
      score: {length: 64},
      rollout: {groupSize: 1, promptTokens: 70 + lengthOf('<think></think>')},
    })
  })

  it('holds scores of no more tokens than the model has positions, where the items are not known', async () => {
    const settings = configWith({eval: {modes: ['standard']}})
    expect(evaluationWork(settings, await readModelConfig(file), null)).toMatchObject({score: {length: 256}})
  })

  it('holds the samples of a context, where there are more of them than completions at once', async () => {
    const settings = configWith({eval: {modes: ['reasoning'], samples: 1000}})
    const {rollout} = evaluationWork(settings, await readModelConfig(file), null)
    expect(rollout).toMatchObject({contexts: 1, groupSize: 1000})
  })

  it('holds as many prompts as are evaluated, where a limit says so', async () => {
    const {workOf} = await evaluation()
    expect(workOf(['reasoning']).rollout!.contexts).toBeGreaterThan(3)
    expect(workOf(['reasoning'], '', 3).rollout!.contexts).toBe(3)
  })

  it('holds prompts with the thought that a mode gives, as far as the positions reach', async () => {
    const {workOf, lengthOf} = await evaluation()
    const given = (thought: string) => workOf(['reasoning', 'forced-thought'], thought).rollout!.promptTokens
    expect(given(' A B C')).toBe(70 + lengthOf('<think> A B C</think>'))
    const long = ' A'.repeat(190)
    expect(70 + lengthOf(`<think>${long}</think>`)).toBeGreaterThan(256 - 32)
    expect(given(long)).toBe(256 - 32)
  })
})

it.each<[keyof typeof planners, object, string]>([
  ['eval', {eval: {modes: ['standard', 'reasoning']}}, 'all held-out positions x modes standard, reasoning'],
  ['eval', {eval: {modes: ['standard'], limit: 7}}, '7 held-out positions x modes standard'],
  ['prepare-data', {data: {batchTokens: 512}}, 'all documents, at most 512 tokens scored at once'],
  ['prepare-data', {data: {batchTokens: 512, limit: 7}}, '7 documents, at most 512 tokens scored at once'],
  ['warm-start', {warmStart: {rows: 3, styles: ['brief', 'form']}}, '3 rows, thoughts of styles brief, form'],
  ['scaling-sweep', {}, '1 point x checkpoints of checkpoint.steps'],
  [
    'scaling-sweep',
    {sweep: {axes: {seed: [0, 1], 'grpo.groupSize': [2, 4, 8]}, checkpoints: [5, 9]}},
    '6 points x checkpoints 5, 9',
  ],
])('the batch of %s is said in words: %j', (command, settings, words) => {
  expect(planners[command].batch(configWith(settings))).toBe(words)
})

it('a setting of size computes the work of another value', async () => {
  const model = await readModelConfig(file)
  const {sizes} = await trainingDemand({})
  const size = sizes.find(({setting}) => setting === 'grpo.contextsPerMicroBatch')!
  expect(size.at(2).policy!.contexts).toBe(2)
  expect(demandOf(configWith({}), () => ({model})).sizes).toEqual([])
})

it.each([
  [{}, 'all held-out positions x modes standard, reasoning'],
  [{task: 'questions', limit: 5, modes: ['reasoning']}, '5 held-out questions x modes reasoning'],
  [{task: 'multiple-choice', limit: 5}, '5 held-out questions x modes standard, reasoning'],
])('of an evaluation %j: %s', (settings, batch) => {
  expect(planners.eval.batch(configWith({eval: settings}))).toBe(batch)
})
