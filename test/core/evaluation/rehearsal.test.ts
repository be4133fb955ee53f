import {cpSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs'
import {basename, join, relative} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {LocalEngine} from '../../../src/core/engine/local-engine.js'
import {planOf} from '../../../src/core/planning/plan.js'
import {train} from '../../../src/core/training/train.js'
import {toyServices} from '../../support/toy-run.js'
import {
  at,
  commands,
  configOf,
  contents,
  failure,
  here,
  loadedAt,
  makeWorkspace,
  rehearse,
  workspace,
} from './rehearsal-workspace.js'

beforeAll(makeWorkspace)

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
    const said = async (modes: string, samples = 2) => {
      const lines: string[] = []
      const {progress} = toyServices({}, lines)
      await rehearse('eval', configOf('eval', [`eval.samples=${samples}`, `eval.modes=${modes}`]), {progress})
      return lines.filter((line) => line.includes('nothing is sampled'))
    }
    expect(await said('[standard]')).toEqual([expect.stringMatching(/^eval\.samples is 2, but nothing is sampled/)])
    expect(await said('[standard,reasoning]')).toEqual([])
    expect(await said('[standard]', 0)).toEqual([])
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
