import {cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {basename, join, relative} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import type {Config} from '../../../src/core/config/schema.js'
import {LocalEngine} from '../../../src/core/engine/engine.js'
import {evaluate} from '../../../src/core/evaluation/evaluate.js'
import {planOf} from '../../../src/core/planning/plan.js'
import {prepareData} from '../../../src/core/preparation/prepare-data.js'
import {openReport, writeReport} from '../../../src/core/report/report.js'
import {openSweep} from '../../../src/core/sweep/open-sweep.js'
import {sweep} from '../../../src/core/sweep/sweep.js'
import {train} from '../../../src/core/training/train.js'
import type {RptError} from '../../../src/core/util/errors.js'
import type {Services} from '../../../src/core/util/services.js'
import {type ToyWorkspace, toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'

let workspace: ToyWorkspace
const at = (...parts: string[]) => join(workspace.folder, ...parts)

beforeAll(async () => {
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
  writeFileSync(at('bad-rows.jsonl'), '{"prompt": "A"}\n')
  writeFileSync(at('corpus.xyz'), 'text')
  writeFileSync(at('short.txt'), '{context}')
  writeFileSync(at('long.txt'), `${'A B C '.repeat(90)}{context}`)
  writeFileSync(
    at('train.yaml'),
    'data: {dir: data}\nmodel: {path: base}\ntrain: {steps: 2}\ncheckpoint: {steps: [2]}\nprompt: {template: bare}\nrollout: {maxTokens: 6}\n',
  )
})

/** Every path below the workspace with its time of change. */
function contents(): string[] {
  const names = readdirSync(workspace.folder, {recursive: true, encoding: 'utf8'})
  return ['.', ...names].sort().map((name) => `${name} ${statSync(at(name)).mtimeMs}`)
}

const commands = {
  train,
  eval: evaluate,
  'prepare-data': prepareData,
  'scaling-sweep': sweep,
} as const

async function rehearse(command: keyof typeof commands, config: Config, services: Partial<Services> = {}) {
  const missing: string[] = []
  const given = toyServices({command, ...services, rehearsal: {note: (line) => missing.push(line)}})
  if (command === 'scaling-sweep') await openSweep(config, given)
  const plan = await planOf(command, config, given)
  return [...new Set([...missing, ...plan.missing])]
}

function configOf(command: string, changes: readonly string[]): Config {
  if (command === 'train' || command === 'eval') return toyConfig(workspace, 'new', changes)
  const own =
    command === 'prepare-data'
      ? [`data.documents=${at('corpus.jsonl')}`, 'data.proxy=base']
      : ['sweep.train=train.yaml']
  return loadConfig({command, sets: ['out=new', 'threads=1', ...own, ...changes], cwd: workspace.folder}).config
}

const longThought = ['eval.modes=[standard,forced-thought]', `eval.forcedThought=${' A B C'.repeat(200)}`]
const noRoomForThought =
  /^eval\.modes contains forced-thought, whose thought takes \d{3,} tokens; of the model's 256 positions, rollout\.maxTokens takes \d+ and a prompt at least \d+$/

describe('--dry-run refuses what the command refuses, in the same words, and writes nothing', () => {
  it.each<[keyof typeof commands, string[], RegExp, Partial<Services>?]>([
    ['train', ['out=occupied'], /occupied is not empty and no/],
    ['train', ['data.dir=no-data'], /no-data is not a folder that rpt prepare-data wrote/],
    ['train', ['model.path=none'], /none does not exist/],
    ['train', ['model.path=data'], /data has no checkpoint/],
    ['train', ['model.path=no-weights'], /no-weights.model\.safetensors: no such file/],
    ['train', ['model.path=other'], /has another tokenizer|its tokens/],
    ['train', ['prompt.template=bear'], /prompt\.template is "bear"/],
    ['train', ['prompt.templateFile=none.txt'], /none\.txt/],
    ['train', ['prompt.maxTokens=1'], /the template alone takes/],
    ['train', ['prompt.templateFile=long.txt'], /the template alone takes \d+ tokens; prompts may have 250/],
    ['scaling-sweep', ['sweep.axes={prompt.templateFile: [short.txt, long.txt]}'], /alone takes \d+ tokens/],
    ['train', ['reward.terms=[prefix-mach]'], /reward\.terms.* needs the name of a term .*did you mean prefix-match\?/],
    ['train', ['reward.terms=[dense, dense]'], /reward\.terms names dense twice/],
    ['train', ['rollout.maxTokens=300'], /rollout\.maxTokens is 300; the model has 256/],
    ['train', ['eval.every=1', ...longThought], noRoomForThought],
    ['eval', longThought, noRoomForThought],
    ['eval', ['eval.modes=[empty-thought]', 'rollout.maxTokens=253'], /empty-thought, whose thought takes \d+ tokens/],
    ['scaling-sweep', longThought, noRoomForThought],
    ['train', ['train.objective=sft', 'sft.completions=none.jsonl'], /none\.jsonl/],
    ['train', ['train.objective=sft', 'sft.completions=bad-rows.jsonl'], /bad-rows\.jsonl:1: completion is missing/],
    ['train', ['data.dir=all-held'], /all-held has no training positions/],
    ['train', ['data.dir=all-held', 'train.objective=ntp'], /all-held has no training documents/],
    ['train', ['data.dir=none-held', 'eval.every=1'], /none-held has no held-out positions/],
    ['eval', ['data.dir=none-held'], /none-held has no held-out positions/],
    ['scaling-sweep', ['sweep.axes={data.dir: [data, none-held]}'], /none-held has no held-out positions/],
    ['eval', ['data.dir=no-data'], /no-data is not a folder that rpt prepare-data wrote/],
    ['eval', ['model.path=none'], /none does not exist/],
    ['eval', ['model.path=no-weights'], /no-weights.model\.safetensors: no such file/],
    ['eval', ['prompt.template=bear'], /prompt\.template is "bear"/],
    ['eval', ['eval.checkpoint=7'], /which is a single checkpoint/],
    ['eval', ['out=occupied'], /occupied is not empty and no/],
    ['prepare-data', ['data.documents=none.jsonl'], /none\.jsonl/],
    ['prepare-data', ['data.documents=corpus.xyz'], /type \.xyz cannot be read/],
    ['prepare-data', ['data.proxy=no-weights'], /no-weights.model\.safetensors: no such file/],
    ['prepare-data', ['data.tokenizer=other'], /another tokenizer|its tokens/],
    ['prepare-data', ['out=occupied'], /occupied is not empty and no/],
    ['scaling-sweep', ['sweep.train=none.yaml'], /none\.yaml does not exist/],
    ['scaling-sweep', ['sweep.axes={prompt.template: [bare, bear]}'], /prompt\.template is "bear"/],
    ['scaling-sweep', ['sweep.axes={seed: [1, 1]}'], /have the same settings/],
    [
      'scaling-sweep',
      ['sweep.axes={data.dir: [data, no-data]}'],
      /no-data is not a folder that rpt prepare-data wrote/,
    ],
    ['scaling-sweep', ['sweep.axes={model.path: [base, none]}'], /none does not exist/],
    ['scaling-sweep', ['sweep.checkpoints=[1]'], /no checkpoint of step 1/],
  ])('%s %j', async (command, changes, message) => {
    const before = contents()
    const config = () => loadedAt(command, changes)
    const fromPlan = await failure(async () => rehearse(command, config()))
    expect(fromPlan.message).toMatch(message)
    expect(contents()).toEqual(before)
    const fromCommand = await failure(async () => commands[command](config(), toyServices({command})))
    expect([fromCommand.message, fromCommand.exitCode]).toEqual([fromPlan.message, fromPlan.exitCode])
  })

  it('report', async () => {
    const run = at('occupied')
    const rehearsal = {rehearsal: {note: () => undefined}}
    for (const [paths, out] of [
      [[run], at('page.html')],
      [[at('none')], at('page.html')],
      [[], at('page.html')],
      [[run], at('rows.jsonl')],
    ] as const) {
      const before = contents()
      const {message} = await failure(() => openReport(paths, out, rehearsal))
      expect(contents()).toEqual(before)
      expect((await failure(() => writeReport(paths, out))).message).toBe(message)
    }
  })
})

it('completions that leave no room for a prompt are refused with the default by name and a length that fits', async () => {
  const {message, suggestions} = await failure(() => rehearse('train', loadedAt('train', ['rollout.maxTokens=8192'])))
  expect(message).toContain('rollout.maxTokens is 8192, the default; the model has 256 positions')
  expect(suggestions).toEqual(['leave room for the prompt: --set rollout.maxTokens=128'])
  await rehearse('train', loadedAt('train', ['rollout.maxTokens=128']))
})

it('a thought that leaves no room for a prompt is refused, with the length of completions that fits', async () => {
  const sets = ['eval.modes=[forced-thought]', `eval.forcedThought=${' A'.repeat(100)}`]
  const planned = (maxTokens: number) => rehearse('eval', loadedAt('eval', [...sets, `rollout.maxTokens=${maxTokens}`]))
  const {suggestions} = await failure(() => planned(240))
  const [shorten, lower] = suggestions
  expect(shorten).toBe('shorten eval.forcedThought')
  const fitting = Number(lower.match(/^set rollout\.maxTokens to (\d+) or less$/)?.[1])
  await expect(planned(fitting)).resolves.toEqual([])
  await expect(planned(fitting + 1)).rejects.toThrow('whose thought takes')
})

describe('--dry-run --resume', () => {
  const made = {
    train: ['out=made-run', 'train.steps=1'],
    eval: ['out=made-eval', 'eval.modes=[standard]'],
    'scaling-sweep': ['out=made-sweep', 'eval.modes=[standard]', 'sweep.axes={seed: [1]}'],
  }

  it.each<[keyof typeof made, string[], RegExp, string]>([
    ['train', ['train.batchRows=7'], /train\.batchRows was 4 and is 7/, 'already complete at step 1'],
    ['eval', ['eval.modes=[reasoning]'], /eval\.modes was .* and is/, 'base step-000000 is evaluated already'],
    ['scaling-sweep', ['sweep.bootstraps=7'], /sweep\.bootstraps was .* and is 7/, 'seed=1: uses '],
  ])('of %s compares settings and inputs, and says what is done', async (command, change, message, done) => {
    const given = () => loadedAt(command, made[command])
    await commands[command](given(), toyServices({command}))
    const lines: string[] = []
    const resuming = toyServices({command, resume: true}, lines)
    await rehearse(command, given(), resuming)
    expect(lines.join('\n')).toContain(done)
    const {files} = await planOf(command, given(), {...resuming, rehearsal: {note: () => undefined}})
    expect(unlisted(given().out!, files)).toEqual([])
    const refused = async (changes: string[]) => {
      const before = contents()
      const changed = () => loadedAt(command, [...made[command], ...changes])
      const {message, exitCode} = await failure(() => rehearse(command, changed(), resuming))
      expect(contents()).toEqual(before)
      const fromCommand = await failure(() => commands[command](changed(), toyServices({command, resume: true})))
      expect([fromCommand.message, fromCommand.exitCode]).toEqual([message, exitCode])
      return message
    }
    expect(await refused(change)).toMatch(message)
    if (command !== 'scaling-sweep') expect(await refused(['data.dir=other-data'])).toMatch(/prepared data changed/)
  })

  it('of an sft run asks for no template, which its rows show', async () => {
    const rows = ['A B', 'B C'].map((prompt) => ({prompt: `${prompt}<think>`, completion: '</think>\\boxed{ A}'}))
    writeFileSync(at('bare-rows.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    const sets = ['out=made-sft', 'train.objective=sft', 'sft.completions=bare-rows.jsonl', 'train.steps=1']
    await train(loadedAt('train', sets), toyServices())
    expect(readFileSync(at('made-sft', 'config.resolved.yaml'), 'utf8')).toMatch(/template: "bare" +# rows of/)
    const lines: string[] = []
    await rehearse('train', loadedAt('train', sets), toyServices({resume: true}, lines))
    expect(lines).toContain('already complete at step 1')
  })
})

/** Files in an output folder that a plan does not list. */
function unlisted(out: string, planned: readonly string[]): string[] {
  const patterns = planned.map(
    (file) => new RegExp(`^${file.replace(/[.+()[\]]/g, '\\$&').replaceAll('*', '.*')}(?:/.*)?$`),
  )
  const found = readdirSync(out, {recursive: true, encoding: 'utf8'}).map((name) => join(out, name))
  return found.filter((file) => statSync(file).isFile() && !patterns.some((pattern) => pattern.test(file)))
}

describe('--dry-run', () => {
  it('of inputs that are all there finds nothing missing and writes nothing', async () => {
    const before = contents()
    for (const command of Object.keys(commands) as (keyof typeof commands)[])
      expect(await rehearse(command, configOf(command, [])), command).toEqual([])
    expect(contents()).toEqual(before)
  })

  it('lists prepared data that are not there yet, and still checks what is', async () => {
    const later = [`prepared data ${at('later')}: rpt prepare-data writes it`]
    expect(await rehearse('train', configOf('train', ['data.dir=later'].map(here)))).toEqual(later)
    expect(await rehearse('eval', configOf('eval', ['data.dir=later'].map(here)))).toEqual(later)
    expect(await rehearse('scaling-sweep', configOf('scaling-sweep', ['sweep.axes={data.dir: [later]}']))).toEqual(
      later,
    )
    const {message} = await failure(async () =>
      rehearse('train', configOf('train', ['data.dir=later', 'prompt.template=bear'].map(here))),
    )
    expect(message).toMatch(/prompt\.template is "bear"/)
  })

  it('of a sweep minds neither what is at the output of its training config nor what its axes name first', async () => {
    const others = 'model: {path: base}\ntrain: {steps: 2}\ncheckpoint: {steps: [2]}\nrollout: {maxTokens: 6}\n'
    writeFileSync(at('occupied.yaml'), `out: occupied\ndata: {dir: data}\nprompt: {template: bare}\n${others}`)
    writeFileSync(at('tuned.yaml'), others.replace('train: {', 'train: {objective: sft, '))
    expect(await rehearse('scaling-sweep', configOf('scaling-sweep', ['sweep.train=occupied.yaml']))).toEqual([])
    const axes = [
      'sweep.train=tuned.yaml',
      'eval.modes=[standard]',
      'sweep.axes={sft.completions: [rows.jsonl], data.dir: [data]}',
    ]
    expect(await rehearse('scaling-sweep', configOf('scaling-sweep', axes))).toEqual([])
  })

  it('leaves the standard input alone, and still checks the models', async () => {
    const settings = ["data.documents='-'", 'data.dir=null', 'model.path=null', 'out=new']
    const missing = await rehearse('prepare-data', configOf('prepare-data', [...settings, 'data.proxy=base']))
    expect(missing).toEqual(['documents -: the standard input is read when the command runs'])
    const failing = rehearse('prepare-data', configOf('prepare-data', [...settings, 'data.proxy=no-weights']))
    await expect(failing).rejects.toThrow(/no-weights/)
  })

  it('of several models shows the instruction of each and the memory of the one that needs most', async () => {
    const larger = await largerModel()
    const planFor = (...models: string[]) =>
      planOf('eval', configOf('eval', ['eval.modes=[reasoning]', `eval.models=[${models}]`]))
    const [small, large] = [await planFor(workspace.base), await planFor(larger)]
    expect(large.memory_summary!.needed_bytes).toBeGreaterThan(small.memory_summary!.needed_bytes)
    for (const models of [
      [workspace.base, larger],
      [larger, workspace.base],
    ]) {
      const {memory, prompts} = await planFor(...models)
      expect(memory).toEqual(large.memory)
      const lines = models.map((model) => `${basename(model)}: template bare, 2 tokens besides the context`)
      expect(prompts).toEqual(lines)
    }
  })

  it('of a training run shows its instruction, and files of trackers and evaluations where there are some', async () => {
    const filesOf = async (...changes: string[]) =>
      (await planOf('train', configOf('train', changes))).files.map((file) => relative(at('new'), file))
    const evaluated = ['eval.arrow', 'eval/step-*.arrow']
    expect(await filesOf()).not.toEqual(expect.arrayContaining(evaluated))
    expect(await filesOf('eval.every=1', 'eval.modes=[standard]')).toEqual(expect.arrayContaining(evaluated))
    expect(await filesOf()).not.toContain('metrics.jsonl')
    expect(await filesOf('train.track=[jsonl]')).toContain('metrics.jsonl')
    const {prompts} = await planOf('train', configOf('train', []))
    expect(prompts).toEqual(['template bare, 2 tokens besides the context'])
    expect(await planOf('train', configOf('train', ['train.objective=ntp']))).not.toHaveProperty('prompts')
  })

  it('of a training run needs memory for the completions of its evaluations, where any fall due', async () => {
    const needed = async (...changes: string[]) =>
      (await planOf('train', configOf('train', ['train.objective=ntp', ...changes]))).memory_summary!.needed_bytes
    const evaluated = ['eval.every=1', 'eval.modes=[reasoning]', 'eval.samples=64']
    expect(await needed(...evaluated)).toBeGreaterThan(await needed())
    const none = ['train.steps=0', 'train.allowNoop=true']
    expect(await needed(...evaluated, ...none)).toBe(await needed(...none))
  })

  it('of an evaluation says where samples are asked for and nothing is sampled', async () => {
    const said = async (modes: string) => {
      const lines: string[] = []
      const {progress} = toyServices({}, lines)
      await rehearse('eval', configOf('eval', ['eval.samples=2', `eval.modes=${modes}`]), {progress})
      return lines.filter((line) => line.includes('nothing is sampled'))
    }
    expect(await said('[standard]')).toEqual([expect.stringMatching(/^eval\.samples is 2, but nothing is sampled/)])
    expect(await said('[standard,reasoning]')).toEqual([])
  })

  it('shows memory that is short and does not refuse it', async () => {
    const plan = await planOf('train', configOf('train', ['memory.limitGiB=0.001']))
    expect(plan.memory_summary?.fits).toBe(false)
  })
})

/** A checkpoint that needs more memory than that of the workspace. */
async function largerModel(): Promise<string> {
  const folder = at('larger')
  cpSync(workspace.base, folder, {recursive: true})
  const config = {...JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')), intermediate_size: 4096}
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
  const engine = new LocalEngine({device: 'cpu', threads: 1})
  const init = {embeddingStd: 0.1, linearGain: 1, residualScale: 1}
  await engine.load({config: join(folder, 'config.json'), init, seed: 1})
  await engine.save(folder, false)
  await engine.close()
  return folder
}

/** Paths among the settings, below the workspace. */
function here(set: string): string {
  return set.replace(
    /^((?:data\.dir|model\.path|out|data\.documents|data\.proxy|data\.tokenizer|sft\.completions|prompt\.templateFile)=)/,
    `$1${workspace.folder}/`,
  )
}

function loadedAt(command: string, changes: readonly string[]): Config {
  return configOf(command, changes.map(here))
}

async function failure(body: () => Promise<unknown>): Promise<RptError> {
  return body().then(
    () => expect.fail('it succeeded'),
    (error) => error,
  )
}
