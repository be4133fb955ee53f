import {readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {LocalEngine} from '../../../../src/core/engine/local-engine.js'
import {invariantThreads} from '../../../../src/core/engine/sessions/threads.js'
import {readAdapterConfig} from '../../../../src/core/models/adapter-config.js'
import type {LogprobQuery} from '../../../../src/core/records/records.js'
import {DataError} from '../../../../src/core/util/errors.js'
import {writeSafetensors} from '../../../../src/core/weights/index.js'
import {adaptedEngine, randomBase, sampledRequest} from '../../../support/adapted.js'
import {readTensors} from '../../../support/read-tensors.js'
import {optimizer, promptsOf, temporaryFolder} from '../../../support/tiny-engine.js'
import {tinyModel} from '../../../support/tiny-model.js'

let base: string

beforeAll(async () => {
  base = await randomBase()
})

const rows = promptsOf([5, 9, 16, 17, 30, 33], 1).map(({ids}, i) => ({ids, trainedFrom: 1 + (i % 3)}))
const queries = (of: LogprobQuery['of']) =>
  promptsOf([9, 17, 30], 1).map(({ids}) => ({of, prompt: ids.subarray(0, 5), continuation: ids.subarray(5)}))
const settings = {batchTokens: 512}

async function plainEngine(checkpoint: string): Promise<LocalEngine> {
  const engine = new LocalEngine({device: 'cpu', threads: 1})
  await engine.load({checkpoint})
  return engine
}

/** Some updates of either kind, so that A and B have moved. */
async function taught(engine: LocalEngine, updates = 2): Promise<LocalEngine> {
  for (let update = 0; update < updates; update++) {
    await engine.updatePolicy(await sampledRequest(engine), true)
    await engine.updateLanguageModel({
      rows,
      rowsPerMicroBatch: 4,
      optimizer: {...optimizer, learningRate: 0.02},
      mode: 'whole',
    })
  }
  return engine
}

async function saved(engine: LocalEngine, isMerged = false): Promise<string> {
  const folder = temporaryFolder()
  await engine.save(folder, true, {dtype: 'float32', isMerged})
  return folder
}

const bytesOf = (folder: string, file: string) => readFileSync(join(folder, file)).toString('base64')
const filesOf = (folder: string) => Object.fromEntries(readdirSync(folder).map((file) => [file, bytesOf(folder, file)]))

function worst(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  return Math.max(...a.map((values, i) => Math.max(...values.map((value, t) => Math.abs(value - b[i][t])))))
}

describe('adapters', () => {
  it('that are fresh leave every log-probability as it is, to the last bit', async () => {
    const [plain, engine] = [await plainEngine(base), await adaptedEngine(base)]
    const [expected, found] = await Promise.all([plain, engine].map((one) => one.logprobs(queries('policy'), settings)))
    expect(found).toEqual(expected)
    const [a, b] = [await sampledRequest(plain), await sampledRequest(engine)]
    expect(b.groups).toEqual(a.groups)
    for (const one of [plain, engine]) await one.close()
  })

  it('start in plus and minus one over the root of the inputs, each from a stream of its own', async () => {
    const engine = await adaptedEngine(base, {rank: 8})
    const tensors = readTensors(join(await saved(engine), 'adapter_model.safetensors'))
    const [q, k] = ['q', 'k'].map(
      (part) => tensors.get(`base_model.model.model.layers.0.self_attn.${part}_proj.lora_A.weight`)!,
    )
    expect(q.shape).toEqual([8, 64])
    const [least, most] = [Math.min(...q.data), Math.max(...q.data)]
    expect(most).toBeLessThanOrEqual(1 / 8)
    expect(most).toBeGreaterThan(0.12)
    expect(least).toBeLessThan(-0.12)
    expect([...q.data]).not.toEqual([...k.data])
    for (const [name, {data}] of tensors)
      if (name.includes('lora_B')) expect(data.every((value) => value === 0)).toBe(true)
    await engine.close()
  })

  it('alone are trained and saved, as PEFT names them', async () => {
    const engine = await taught(await adaptedEngine(base, {targets: ['k_proj', 'up_proj']}))
    const folder = await saved(engine)
    expect(readdirSync(folder).sort()).toEqual([
      'adapter_config.json',
      'adapter_model.safetensors',
      'optimizer.safetensors',
    ])
    const names = [0, 1].flatMap((layer) =>
      ['mlp.up_proj', 'self_attn.k_proj'].flatMap((module) =>
        ['lora_A', 'lora_B'].map((part) => `model.layers.${layer}.${module}.${part}.weight`),
      ),
    )
    const tensors = readTensors(join(folder, 'adapter_model.safetensors'))
    expect([...tensors.keys()].sort()).toEqual(names.map((name) => `base_model.model.${name}`).sort())
    for (const [name, {data}] of tensors)
      expect(
        data.some((value) => value !== 0),
        name,
      ).toBe(true)
    const moments = [...readTensors(join(folder, 'optimizer.safetensors')).keys()].filter((name) => name !== 'updates')
    expect(moments.sort()).toEqual(names.flatMap((name) => [`${name}/first`, `${name}/second`]).sort())
    expect(JSON.parse(readFileSync(join(folder, 'adapter_config.json'), 'utf8'))).toMatchObject({
      peft_type: 'LORA',
      task_type: 'CAUSAL_LM',
      base_model_name_or_path: '/models/base',
      r: 3,
      lora_alpha: 6,
      target_modules: ['k_proj', 'up_proj'],
    })
    await engine.close()
  })

  it('give sampling and update the same log-probabilities to the last bit', async () => {
    for (const changes of [{}, {rank: 20, alpha: 40}, {rank: 3, alpha: 4, rsLora: true}]) {
      const engine = await taught(await adaptedEngine(base, changes))
      for (const mode of ['whole', 'segmented'] as const) {
        const update = await engine.updatePolicy(await sampledRequest(engine, {mode}), true)
        expect(update!.mismatchMax, mode).toBe(0)
      }
      await engine.close()
    }
  })

  it('that are rank-stabilised are those of alpha sqrt(rank), and say so in their file', async () => {
    const of = async (changes: Parameters<typeof adaptedEngine>[1]) => {
      const engine = await taught(await adaptedEngine(base, changes))
      const folder = await saved(engine, true)
      await engine.close()
      return folder
    }
    const [stabilised, twin, plain] = [
      await of({rank: 4, alpha: 3, rsLora: true}),
      await of({rank: 4, alpha: 6}),
      await of({rank: 4, alpha: 3}),
    ]
    const files = ['adapter_model.safetensors', 'merged/model.safetensors', 'optimizer.safetensors']
    for (const file of files) {
      expect(bytesOf(stabilised, file), file).toBe(bytesOf(twin, file))
      expect(bytesOf(stabilised, file), file).not.toBe(bytesOf(plain, file))
    }
    expect(readAdapterConfig(stabilised)).toMatchObject({rank: 4, alpha: 3, rsLora: true})
    expect(JSON.parse(readFileSync(join(stabilised, 'adapter_config.json'), 'utf8')).use_rslora).toBe(true)
  })

  it('come back byte for byte, and training goes on as if nothing had been', async () => {
    const engine = await taught(await adaptedEngine(base))
    const folder = await saved(engine)
    const again = new LocalEngine({device: 'cpu', threads: 1})
    await again.load({checkpoint: base, adapter: {folder, isMerged: false}})
    await again.restoreOptimizer(folder)
    expect(filesOf(await saved(again))).toEqual(filesOf(folder))
    for (const one of [engine, again]) await taught(one, 1)
    expect(filesOf(await saved(again))).toEqual(filesOf(await saved(engine)))
    for (const one of [engine, again]) await one.close()
  })

  it('saved in fewer bits go on from those of float32', async () => {
    const engine = await taught(await adaptedEngine(base))
    const folder = temporaryFolder()
    await engine.save(folder, true, {dtype: 'bfloat16'})
    const again = new LocalEngine({device: 'cpu', threads: 1})
    await again.load({checkpoint: base, adapter: {folder, isMerged: false}})
    await again.restoreOptimizer(folder)
    expect(filesOf(await saved(again))).toEqual(filesOf(await saved(engine)))
    for (const one of [engine, again]) await one.close()
  })

  it('merged into the weights give the same log-probabilities within 1e-5, on disk and at load', async () => {
    const engine = await taught(await adaptedEngine(base))
    const folder = await saved(engine, true)
    const expected = await engine.logprobs(queries('policy'), settings)
    const written = await plainEngine(join(folder, 'merged'))
    const merged = new LocalEngine({device: 'cpu', threads: 1})
    await merged.load({checkpoint: base, adapter: {folder, isMerged: true}})
    const untouched = await plainEngine(base)
    expect(worst(await untouched.logprobs(queries('policy'), settings), expected)).toBeGreaterThan(1e-2)
    expect(worst(await written.logprobs(queries('policy'), settings), expected)).toBeLessThan(1e-5)
    expect(readdirSync(folder)).not.toContain('model.safetensors')
    expect(bytesOf(await saved(merged), 'model.safetensors')).toBe(bytesOf(join(folder, 'merged'), 'model.safetensors'))
    for (const one of [engine, written, merged, untouched]) await one.close()
  })

  it('leave a reference and an average of the base behind', async () => {
    const engine = await adaptedEngine(base)
    await engine.keepReference()
    await engine.keepAverage()
    const start = await engine.logprobs(queries('policy'), settings)
    await taught(engine)
    expect(await engine.logprobs(queries('reference'), settings)).toEqual(start)
    const objective = {clipEpsilon: 0.2, klCoef: 0.1, entropyCoef: 0}
    const update = await engine.updatePolicy(await sampledRequest(engine, {objective}), true)
    expect(update!.kl).toBeGreaterThan(1e-4)
    await engine.blendAverage(0)
    expect(await engine.logprobs(queries('average'), settings)).toEqual(
      await engine.logprobs(queries('policy'), settings),
    )
    const names = [...readTensors(join(await saved(engine), 'average.safetensors')).keys()]
    expect(names.every((name) => name.includes('.lora_'))).toBe(true)
    await engine.close()
  })

  it('have the same bits with 1 to 4 threads, and lower the threads of nothing else', async () => {
    const sizes = {vocab_size: 320, hidden_size: 320, intermediate_size: 640, num_hidden_layers: 1}
    const model = tinyModel({...sizes, max_position_embeddings: 256})
    expect(invariantThreads(model, 4)).toBe(4)
    const wide = await randomBase(model)
    const filesAfter = async (threads: number) => {
      const engine = await taught(await adaptedEngine(wide, {rank: 48, alpha: 96, threads}))
      const files = filesOf(await saved(engine))
      await engine.close()
      return files
    }
    const one = await filesAfter(1)
    for (const threads of [2, 3, 4]) expect(await filesAfter(threads), `${threads} threads`).toEqual(one)
  })
})

describe('a folder of adapters', () => {
  const config = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: 'org/base',
    r: 3,
    lora_alpha: 6,
    target_modules: ['up_proj', 'model.layers.0.self_attn.q_proj'],
    bias: 'none',
    peft_version: '0.21.2',
    lora_dropout: 0.1,
    layers_to_transform: null,
    rank_pattern: {},
    some_new_field: false,
  }
  const described = (changes: object) => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'adapter_config.json'), JSON.stringify({...config, ...changes}))
    return folder
  }

  it('is read as PEFT describes it', () => {
    const base = {name: 'org/base', revision: null}
    expect(readAdapterConfig(described({}))).toEqual({
      rank: 3,
      alpha: 6,
      rsLora: false,
      targets: ['q_proj', 'up_proj'],
      base,
    })
    expect(readAdapterConfig(described({use_rslora: true})).rsLora).toBe(true)
  })

  it.each([
    ['peft_type', 'IA3'],
    ['task_type', 'SEQ_CLS'],
    ['use_dora', true],
    ['bias', 'all'],
    ['rank_pattern', {q_proj: 4}],
    ['alpha_pattern', {q_proj: 4}],
    ['modules_to_save', ['lm_head']],
    ['layers_to_transform', [0]],
    ['exclude_modules', ['q_proj']],
    ['fan_in_fan_out', true],
    ['init_lora_weights', 'pissa_niter_4'],
    ['target_modules', 'all-linear'],
    ['target_modules', ['q_proj', 'lm_head']],
    ['some_new_field', 1],
  ])('is refused where %s is %j', (field, value) => {
    expect(() => readAdapterConfig(described({[field]: value}))).toThrow(DataError)
    expect(() => readAdapterConfig(described({[field]: value}))).toThrow(
      `${field} is ${JSON.stringify(value)}; expected`,
    )
  })

  it.each([
    [
      'a missing tensor',
      (tensors: ReturnType<typeof readTensors>) => tensors.delete([...tensors.keys()][0]),
      'is missing',
    ],
    [
      'a tensor of another shape',
      (tensors: ReturnType<typeof readTensors>) =>
        tensors.set([...tensors.keys()][0], {dtype: 'F32', shape: [1], data: Float32Array.of(1)}),
      'has shape [1]',
    ],
    [
      'a tensor too many',
      (tensors: ReturnType<typeof readTensors>) =>
        tensors.set('base_model.model.lm_head.lora_A.weight', {dtype: 'F32', shape: [1], data: Float32Array.of(1)}),
      'lm_head.lora_A.weight is not an adapter of target_modules',
    ],
    [
      'a value that is not finite',
      (tensors: ReturnType<typeof readTensors>) => [...tensors.values()][0].data.fill(Number.NaN),
      'expected finite weights',
    ],
  ])('is refused with %s', async (_, spoil, message) => {
    const engine = await adaptedEngine(base)
    const folder = await saved(engine)
    const tensors = readTensors(join(folder, 'adapter_model.safetensors'))
    spoil(tensors)
    await writeSafetensors(join(folder, 'adapter_model.safetensors'), tensors)
    await expect(engine.load({checkpoint: base, adapter: {folder, isMerged: false}})).rejects.toThrow(message)
    await engine.close()
  })
})
