import {cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {LocalEngine} from '../../../src/core/engine/local-engine.js'
import {evaluate} from '../../../src/core/evaluation/evaluate.js'
import {planOf} from '../../../src/core/planning/plan.js'
import {evalTable, metricsTable, readTable} from '../../../src/core/tables/index.js'
import {train} from '../../../src/core/training/train.js'
import {DataError, Interrupted, UsageError} from '../../../src/core/util/errors.js'
import {readTensors} from '../../support/read-tensors.js'
import {runContents} from '../../support/run-contents.js'
import {type ToyWorkspace, toyConfig, toyServices, toySettings, toyWorkspace} from '../../support/toy-run.js'

let toy: ToyWorkspace

beforeAll(async () => {
  toy = await toyWorkspace()
})

const lora = ['lora.rank=4', 'lora.alpha=8', 'optim.learningRate=0.01']
const rpt = [...lora, 'train.steps=4', 'checkpoint.every=2', 'grpo.dynamicSampling.enabled=false']
const evaluated = ['eval.every=2', 'eval.modes=[standard,reasoning]', 'eval.limit=4', 'eval.bootstraps=20']
const prompts = ['prompt.template=bare', 'rollout.maxTokens=6', 'rollout.temperature=1']
const at = (...parts: string[]) => join(toy.folder, ...parts)
const checkpoint = (run: string, step = 4) => at(run, 'checkpoints', `step-${String(step).padStart(6, '0')}`)
const trained = (out: string, changes: readonly string[], lines: string[] = []) =>
  train(toyConfig(toy, out, changes), toyServices({}, lines))
const bytes = (...parts: string[]) => readFileSync(join(...parts)).toString('base64')

/** Trains until a checkpoint is there, then asks to stop. */
async function interrupted(out: string, changes: readonly string[]): Promise<unknown> {
  const stop = new AbortController()
  const services = toyServices({signal: stop.signal})
  const stage = {
    advance: () => {
      if (existsSync(checkpoint(out, 2))) stop.abort()
    },
    note() {},
    done() {},
  }
  return train(toyConfig(toy, out, changes), {...services, progress: {...services.progress, stage: () => stage}}).catch(
    (error: unknown) => error,
  )
}

async function evaluation(out: string, model: string, sets: readonly string[] = []) {
  const given = [`data.dir=${toy.data}`, `model.path=${model}`, `out=${at(out)}`, 'threads=1', 'eval.bootstraps=20']
  const {config, sources} = loadConfig({command: 'eval', sets: [...given, 'eval.limit=4', ...sets], cwd: toy.folder})
  return evaluate(config, {...toyServices({command: 'eval'}), sources})
}

describe('a run of adapters', () => {
  it('leaves the files that PEFT reads, the tokenizer beside them, and no weights', async () => {
    await trained('rpt', [...rpt, ...evaluated])
    const files = readdirSync(checkpoint('rpt'))
    expect(files).toEqual([
      'adapter_config.json',
      'adapter_model.safetensors',
      'manifest.json',
      'optimizer.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
      'trainer-state.json',
    ])
    const config = JSON.parse(readFileSync(join(checkpoint('rpt'), 'adapter_config.json'), 'utf8'))
    expect(config).toMatchObject({base_model_name_or_path: toy.base, revision: null, r: 4, lora_alpha: 8})
    const rows = readTable(at('rpt', 'metrics.arrow'), metricsTable)
    expect(rows.every((row) => row['rpt/logprob_mismatch_max'] === 0)).toBe(true)
    expect(rows.some((row) => row.grad_norm! > 0)).toBe(true)
  })

  it.each(['whole', 'segmented'])('goes on to the same end with KL term, average and evaluations, %s', async (mode) => {
    const others = ['grpo.klCoef=0.1', 'reward.terms=[prefix-match,information-gain]', `update.mode=${mode}`]
    const changes = [...rpt, ...evaluated, ...others]
    const [run, half] = [mode, `${mode}-stopped`]
    await trained(run, changes)
    expect(await interrupted(half, changes)).toBeInstanceOf(Interrupted)
    await train(toyConfig(toy, half, changes), toyServices({resume: true}))
    const [whole, stopped] = [await runContents(at(run), 4), await runContents(at(half), 4)]
    expect(Object.keys(whole)).toContain('average.safetensors')
    for (const name of Object.keys(whole)) expect(whole[name] === stopped[name], name).toBe(true)
    const kl = readTable(at(run, 'metrics.arrow'), metricsTable).map((row) => row.kl)
    expect(kl[0]).toBe(0)
    expect(kl.at(-1)).toBeGreaterThan(0)
  })

  it.each(['ntp', 'sft'])('works with objective %s', async (objective) => {
    const row = {prompt: 'A B C', completion: ' A B'}
    writeFileSync(at('rows.jsonl'), `${JSON.stringify(row)}\n`)
    const own = objective === 'sft' ? [`sft.completions=${at('rows.jsonl')}`, 'sft.template=bare'] : []
    const summary = await trained(objective, [...lora, `train.objective=${objective}`, 'train.steps=3', ...own])
    expect(summary.updates).toBe(3)
    expect(existsSync(join(checkpoint(objective, 3), 'adapter_model.safetensors'))).toBe(true)
    const losses = readTable(at(objective, 'metrics.arrow'), metricsTable).map((one) => one.loss!)
    expect(losses.at(-1)).toBeLessThan(losses[0])
  })

  it('is evaluated afterwards as it was while it trained, by run and by checkpoint', async () => {
    const during = readTable(at('rpt', 'eval.arrow'), evalTable).filter(({step}) => step === 4)
    const plain = (rows: readonly {accuracy: number; mode: string; split: string}[]) =>
      rows.map(({accuracy, mode, split}) => [mode, split, accuracy])
    for (const [i, model] of [at('rpt'), checkpoint('rpt')].entries())
      expect(plain((await evaluation(`eval-${i}`, model)).rows)).toEqual(plain(during))
  })

  it('counts less compute for its updates than one of all weights, and more for sampling', async () => {
    await trained('full', ['train.steps=1', 'grpo.dynamicSampling.enabled=false'])
    const [full] = readTable(at('full', 'metrics.arrow'), metricsTable)
    const [own] = readTable(at('rpt', 'metrics.arrow'), metricsTable)
    expect(own['rpt/flops_generation']).toBeGreaterThan(full['rpt/flops_generation']!)
    expect(own['rpt/flops_update']! / own['rpt/flops_generation']!).toBeLessThan(
      full['rpt/flops_update']! / full['rpt/flops_generation']!,
    )
  })

  it('says before it begins how many numbers it trains', async () => {
    const plan = await planOf('train', toyConfig(toy, 'planned', rpt))
    const inputsAndOutputs = 2 * (3 * 16 + 16 + 8 + 8) + 2 * (16 + 16) + 2 * (2 * (16 + 32) + 32 + 16)
    expect(plan.parameters!.trained).toBe(4 * inputsAndOutputs)
    expect(plan.parameters!.total).toBeGreaterThan(15_000)
    const moments = (changes: readonly string[]) =>
      planOf('train', toyConfig(toy, 'planned', changes)).then(
        ({memory}) => memory.find(({name}) => name === 'moments of the optimizer')!.bytes,
      )
    expect(await moments(rpt)).toBe(8 * 4 * inputsAndOutputs)
    expect(await moments(['train.steps=4'])).toBeGreaterThan(100_000)
  })

  it('writes the merged model beside its adapters when asked to, which changes nothing else', async () => {
    await trained('merged', [...rpt, 'lora.merge=true'])
    expect(readdirSync(checkpoint('merged'))).not.toContain('config.json')
    expect(bytes(checkpoint('merged'), 'adapter_model.safetensors')).toBe(
      bytes(checkpoint('rpt'), 'adapter_model.safetensors'),
    )
    const engine = new LocalEngine({device: 'cpu', threads: 1})
    await engine.load({checkpoint: toy.base, adapter: {folder: checkpoint('rpt'), isMerged: true}})
    mkdirSync(at('by-engine'))
    await engine.save(at('by-engine'), false)
    await engine.close()
    for (const file of ['model.safetensors', 'config.json'])
      expect(bytes(checkpoint('merged'), 'merged', file), file).toBe(bytes(at('by-engine', file)))
    const {rows} = await evaluation('eval-merged', join(checkpoint('merged'), 'merged'))
    const own = await evaluation('eval-beside', at('merged'))
    const named = ({run, objective, step, accuracy}: (typeof rows)[number]) => ({run, objective, step, accuracy})
    expect(rows.map(named)).toEqual(own.rows.map(named))
    const again = toyConfig(toy, 'merged', ['train.objective=ntp', 'train.steps=1'])
    await train(again, toyServices({overwrite: true}))
    expect(readdirSync(at('merged', 'checkpoints'))).toEqual(['step-000001'])
  })
})

it('says where the learning rate is that of all weights', async () => {
  const lines: string[] = []
  const plan = async (changes: readonly string[]) => {
    lines.length = 0
    await planOf('train', toyConfig(toy, 'rate', changes), toyServices({}, lines))
    return lines.filter((line) => line.includes('optim.learningRate')).length
  }
  expect(await plan(['lora.rank=4', 'optim.learningRate=1e-6'])).toBe(1)
  expect(await plan(['lora.rank=4'])).toBe(0)
  expect(await plan(['optim.learningRate=1e-6'])).toBe(0)
})

it('says where the learning rate is never reached', async () => {
  const said = async (steps: number) => {
    const lines: string[] = []
    const changes = ['optim.warmupSteps=4', `train.steps=${steps}`, 'train.allowNoop=true']
    await planOf('train', toyConfig(toy, 'warmup', changes), toyServices({}, lines))
    return lines.filter((line) => line.includes('optim.learningRate is never reached'))
  }
  expect(await said(3)).toEqual(['optim.warmupSteps is 4 of 3 steps: optim.learningRate is never reached'])
  expect(await said(4)).toEqual([])
  expect(await said(0), 'nothing is trained').toEqual([])
})

describe('adapters as the start of a run', () => {
  const from = (run: string, out: string, changes: readonly string[], lines: string[] = []) => {
    const sets = [`data.dir=${toy.data}`, `model.path=${at(run)}`, `out=${at(out)}`, ...toySettings, ...changes]
    return train(loadConfig({sets, cwd: toy.folder}).config, toyServices({}, lines))
  }

  it('are trained further by a run of the same adapters', async () => {
    const lines: string[] = []
    await from('rpt', 'further', [...rpt, 'train.steps=1', 'optim.learningRate=1e-12'], lines)
    expect(lines.join('\n')).toMatch(/the adapters of .*step-000004 are trained further/)
    const config = JSON.parse(readFileSync(join(checkpoint('further', 1), 'adapter_config.json'), 'utf8'))
    expect(config.base_model_name_or_path).toBe(toy.base)
    expect(existsSync(join(checkpoint('further', 1), 'tokenizer.json'))).toBe(true)
    const [before, after] = [checkpoint('rpt'), checkpoint('further', 1)].map((folder) =>
      readFileSync(join(folder, 'adapter_model.safetensors')),
    )
    expect(after.length).toBe(before.length)
    // Nearly no learning rate leaves nearly every bit as it is.
    expect(after.filter((byte, i) => byte !== before[i]).length).toBeLessThan(before.length / 20)
  })

  it('are refused by a run of others, with the settings that go on', async () => {
    const other = from('rpt', 'other', [...rpt, 'lora.rank=8', 'lora.targets=[q_proj]'])
    await expect(other).rejects.toThrow(UsageError)
    await expect(other).rejects.toMatchObject({
      suggestions: [expect.stringContaining('--set lora.rank=4'), expect.any(String)],
    })
  })

  it('are merged into their base where all weights are trained', async () => {
    await from('rpt', 'all', ['train.steps=1', 'optim.learningRate=1e-12', 'grpo.dynamicSampling.enabled=false'])
    expect(readdirSync(checkpoint('all', 1))).not.toContain('adapter_model.safetensors')
    const tensors = (folder: string) =>
      [...readTensors(join(folder, 'model.safetensors')).values()].flatMap(({data}) => [...data])
    const [own, merged, plain] = [checkpoint('all', 1), at('by-engine'), toy.base].map(tensors)
    const worst = (others: readonly number[]) =>
      own.reduce((most, value, i) => Math.max(most, Math.abs(value - others[i])), 0)
    expect(worst(merged)).toBeLessThan(1e-9)
    expect(worst(plain)).toBeGreaterThan(1e-3)
  })

  it('of a folder as PEFT leaves it are evaluated with the tokenizer of the base', async () => {
    mkdirSync(at('foreign'))
    for (const file of ['adapter_config.json', 'adapter_model.safetensors'])
      cpSync(join(checkpoint('rpt'), file), at('foreign', file))
    const [foreign, own] = [
      await evaluation('eval-foreign', at('foreign'), prompts),
      await evaluation('eval-own', at('rpt')),
    ]
    expect(foreign.rows.map(({accuracy}) => accuracy)).toEqual(own.rows.map(({accuracy}) => accuracy))
  })

  it('are refused beside random weights', async () => {
    const places = [`data.dir=${toy.data}`, `model.config=${at('config.json')}`, `out=${at('random')}`]
    const sets = [...toySettings, ...places, ...lora]
    const {config} = loadConfig({sets, cwd: toy.folder})
    await expect(train(config, toyServices())).rejects.toThrow(/lora.rank is 4, but model.config starts from random/)
    const {missing, parameters} = await planOf('train', config)
    expect(missing.join()).toContain('a checkpoint for the adapters')
    expect(parameters!.trained).toBeLessThan(parameters!.total / 2)
  })
})

describe('a base that has changed', () => {
  it('is refused by resume and by evaluation, one that is gone is named', async () => {
    cpSync(toy.base, at('moved-base'), {recursive: true})
    const changes = [`model.path=${at('moved-base')}`, ...rpt, 'train.steps=2']
    await trained('fragile', changes)
    const plain = JSON.parse(readFileSync(at('config.json'), 'utf8'))
    // Adapters of the run do not even fit the first.
    for (const config of [{...plain, intermediate_size: 48}, plain]) {
      writeFileSync(at('other.json'), JSON.stringify(config))
      const engine = new LocalEngine({device: 'cpu', threads: 1})
      await engine.load({config: at('other.json'), init: {embeddingStd: 0.1, linearGain: 1, residualScale: 1}, seed: 5})
      await engine.save(at('moved-base'), false)
      await engine.close()
      const resumed = train(toyConfig(toy, 'fragile', [...changes, 'train.steps=4']), toyServices({resume: true}))
      await expect(resumed).rejects.toThrow(/model changed/)
    }
    await expect(evaluation('eval-changed', at('fragile'))).rejects.toThrow(/its base .* has changed/)
    rmSync(at('moved-base'), {recursive: true})
    const gone = evaluation('eval-gone', at('fragile'))
    await expect(gone).rejects.toThrow(DataError)
    await expect(gone).rejects.toThrow(/its base .*moved-base does not exist/)
  })
})
