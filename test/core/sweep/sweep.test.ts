import {cpSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import type {Config} from '../../../src/core/config/schema.js'
import {addSpent} from '../../../src/core/runs/compute-spent.js'
import {openSweep} from '../../../src/core/sweep/open-sweep.js'
import {sweep} from '../../../src/core/sweep/sweep.js'
import {openStream, predictionsTable, readTable, sweepTable} from '../../../src/core/tables/index.js'
import {train} from '../../../src/core/training/train.js'
import {DataError, Interrupted} from '../../../src/core/util/errors.js'
import {sumOf} from '../../../src/core/util/means.js'
import {type ToyWorkspace, toyServices, toyWorkspace} from '../../support/toy-run.js'

let workspace: ToyWorkspace

beforeAll(async () => {
  workspace = await toyWorkspace()
  writeFileSync(
    join(workspace.folder, 'train.yaml'),
    'data: {dir: data}\nmodel: {path: base}\nthreads: 1\ntrain: {objective: ntp, steps: 4, batchRows: 4}\ncheckpoint: {steps: [1, 2, 4]}\noptim: {learningRate: 0.001}\n',
  )
})

function config(out: string, changes: readonly string[] = []): Config {
  const sets = [
    'sweep.train=train.yaml',
    `out=${out}`,
    'threads=1',
    'sweep.axes={seed: [0, 1]}',
    'sweep.bootstraps=5',
    'eval.modes=[standard]',
    'eval.bootstraps=5',
    ...changes,
  ]
  return loadConfig({sets, cwd: workspace.folder}).config
}

function summaryOf(out: string) {
  return JSON.parse(readFileSync(join(workspace.folder, out, 'summary.json'), 'utf8'))
}

/** The rows of sweep.arrow, without its clock. */
async function ledger(out: string) {
  const stream = await openStream(join(workspace.folder, out, 'sweep.arrow'), sweepTable)
  await stream.close()
  return stream.rows.map(({mode_seconds: _, ...row}) => row)
}

/** The float32 values of a buffer, the last first. */
function reversed(bytes: Buffer): Uint8Array {
  return new Uint8Array(new Float32Array(new Uint8Array(bytes).buffer).reverse().buffer)
}

describe('a sweep', () => {
  it('trains every point, evaluates every checkpoint once and fits what it measured', async () => {
    const summary = await sweep(config('whole'), toyServices({command: 'scaling-sweep'}))
    const rows = await ledger('whole')
    const keys = rows.map(({run, step, split}) => `${run} ${step} ${split}`)
    expect(new Set(keys).size).toBe(keys.length)
    expect(new Set(rows.map(({run, step}) => `${run} ${step}`)).size).toBe(6)
    const compute = rows.filter(({run, split}) => run === 'seed=0' && split === 'all').map((row) => row.compute_flops)
    expect(compute).toEqual([...new Set(compute)].toSorted((a, b) => a - b))
    expect(compute).toHaveLength(3)
    expect(compute[0]).toBeGreaterThan(0)
    expect(summary.fits.length).toBeGreaterThan(0)
    const runs = [0, 1].map((seed) => summaryOf(join('whole', 'runs', `seed=${seed}`)).compute)
    expect(summary.compute).toEqual(addSpent(runs))
    expect(summary.compute.flops).toBeGreaterThan(0)
    expect(summary.compute_taken_over).toBeNull()
    const modes = rows.filter(({split}) => split === 'all')
    const evaluations = summary.compute_evaluations!
    expect(evaluations.flops_generation).toBe(sumOf(modes.map((row) => row.mode_flops_generation!)))
    expect(evaluations.flops_generation + evaluations.flops_scoring).toBe(evaluations.flops)
    expect(evaluations.flops).toBeGreaterThan(0)
    expect(evaluations.tokens).toBe(sumOf(modes.map((row) => row.mode_tokens!)))
    // The hardest split that was measured.
    expect(summary.plot).toContain('accuracy on hard, %')
    for (const name of ['summary.json', 'scaling-hard.svg'])
      expect(existsSync(join(workspace.folder, 'whole', name)), name).toBe(true)
  })

  it('evaluates the weights of each step', async () => {
    const runs = join(workspace.folder, 'copied', 'seed=1')
    cpSync(join(workspace.folder, 'whole', 'runs', 'seed=1'), runs, {recursive: true})
    const last = join(runs, 'checkpoints', 'step-000004')
    rmSync(join(last, 'manifest.json'))
    const weights = readFileSync(join(last, 'model.safetensors'))
    const begin = 8 + Number(weights.readBigUInt64LE(0))
    const scrambled = Buffer.concat([weights.subarray(0, begin), reversed(weights.subarray(begin))])
    writeFileSync(join(last, 'model.safetensors'), scrambled)
    const changes = ['sweep.axes={seed: [1]}', `sweep.runs=["${runs}"]`, 'sweep.checkpoints=[1, 4]']
    await sweep(config('by-step', changes), toyServices({command: 'scaling-sweep'}))
    const predicted = (out: string, step: number) =>
      readTable(join(workspace.folder, out, 'predictions', 'seed=1', `step-00000${step}.arrow`), predictionsTable).map(
        ({prediction}) => String(prediction),
      )
    expect(predicted('by-step', 1)).toEqual(predicted('whole', 1))
    expect(predicted('by-step', 4)).not.toEqual(predicted('whole', 4))
  })

  it('evaluates nothing where a checkpoint that it asks for is missing', async () => {
    const runs = join(workspace.folder, 'lacking', 'seed=1')
    cpSync(join(workspace.folder, 'whole', 'runs', 'seed=1'), runs, {recursive: true})
    rmSync(join(runs, 'checkpoints', 'step-000001'), {recursive: true})
    const changes = ['sweep.axes={seed: [1]}', `sweep.runs=["${runs}"]`, 'sweep.checkpoints=[4, 1]']
    const failed = sweep(config('incomplete', changes), toyServices({command: 'scaling-sweep'}))
    await expect(failed).rejects.toThrow(`${runs} has no checkpoint of step 1`)
    expect(existsSync(join(workspace.folder, 'incomplete', 'predictions'))).toBe(false)
  })

  it('that was interrupted goes on without evaluating twice, to the same ledger', async () => {
    const stop = new AbortController()
    const services = toyServices({command: 'scaling-sweep', signal: stop.signal})
    let evaluations = 0
    const counting = (of: typeof services, stopAfter: number) => ({
      ...of,
      progress: {
        ...of.progress,
        stage: (name: string) => {
          if (name.startsWith('evaluate') && ++evaluations === stopAfter) stop.abort()
          return {advance() {}, note() {}, done() {}}
        },
      },
    })
    const stopped = sweep(config('stopped'), counting(services, 2))
    await expect(stopped).rejects.toThrow(Interrupted)
    expect(evaluations).toBe(2)
    await sweep(config('stopped'), counting(toyServices({command: 'scaling-sweep', resume: true}), -1))
    expect(evaluations).toBe(6)
    expect(await ledger('stopped')).toEqual(await ledger('whole'))
  })

  it('that was killed before a point had its summary, or whose files are damaged since, makes them again', async () => {
    await sweep(config('broken', ['sweep.axes={}']), toyServices())
    const at = (...parts: string[]) => join(workspace.folder, 'broken', ...parts)
    const before = {
      rows: await ledger('broken'),
      weights: readFileSync(at('runs/base/checkpoints/step-000004/model.safetensors')),
    }
    for (const name of ['runs/base/summary.json', 'predictions/base/step-000002.arrow']) rmSync(at(name))
    for (const name of ['runs/base/checkpoints/step-000004/model.safetensors', 'predictions/base/step-000004.arrow'])
      truncateSync(at(name), 700)
    const lines: string[] = []
    await sweep(config('broken', ['sweep.axes={}']), toyServices({resume: true}, lines))
    expect(await ledger('broken')).toEqual(before.rows)
    expect(readFileSync(at('runs/base/checkpoints/step-000004/model.safetensors'))).toEqual(before.weights)
    expect(existsSync(at('runs/base/summary.json'))).toBe(true)
    expect(lines.filter((line) => line.includes('evaluates again'))).toHaveLength(2)
  })

  it('whose checkpoint is damaged before it is evaluated says how to train it again', async () => {
    rmSync(join(workspace.folder, 'broken', 'sweep.arrow'))
    truncateSync(join(workspace.folder, 'broken', 'runs/base/checkpoints/step-000002/model.safetensors'), 700)
    const error: unknown = await sweep(config('broken', ['sweep.axes={}']), toyServices({resume: true})).catch(
      (caught) => caught,
    )
    expect(error).toBeInstanceOf(DataError)
    const folder = join(workspace.folder, 'broken', 'runs', 'base')
    expect((error as DataError).suggestions).toContain(`move ${folder} away: --resume then trains it again`)
    rmSync(folder, {recursive: true})
    await sweep(config('broken', ['sweep.axes={}']), toyServices({resume: true}))
  })

  it('does not pass off old runs and old rows as results of a changed training config', async () => {
    await sweep(config('changed', ['sweep.axes={}']), toyServices({command: 'scaling-sweep'}))
    const file = config('changed').sweep.train!
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replace('learningRate: 0.001', 'learningRate: 0.002'))
    const again = sweep(config('changed', ['sweep.axes={}']), toyServices({command: 'scaling-sweep', resume: true}))
    await expect(again).rejects.toThrow(/optim.learningRate was 0.001 and is 0.002/)
    writeFileSync(file, text)
  })

  it('uses a finished run of the same settings instead of training again', async () => {
    const lines: string[] = []
    const runs = join(workspace.folder, 'whole', 'runs', 'seed=1')
    const changes = ['sweep.axes={seed: [1]}', `sweep.runs=["${runs}"]`]
    const summary = await sweep(config('reused', changes), toyServices({command: 'scaling-sweep'}, lines))
    expect(summary.compute.flops).toBe(0)
    expect(summary.compute_taken_over).toEqual(summaryOf(join('whole', 'runs', 'seed=1')).compute)
    expect(lines).toContain(`seed=1: uses ${runs}`)
    expect(existsSync(join(workspace.folder, 'reused', 'runs'))).toBe(false)
  })

  it('counts a run once that several points use', async () => {
    const changes = ['sweep.axes={seed: [1], train.steps: [2, 4]}', 'sweep.runs=[whole/runs/seed=1]']
    const summary = await sweep(config('shared', changes), toyServices({command: 'scaling-sweep'}))
    expect(summary.compute_taken_over).toEqual(summaryOf(join('whole', 'runs', 'seed=1')).compute)
  })

  it('does not use one that stopped before its last step, wherever it is named', async () => {
    const file = config('any').sweep.train!
    const short = loadConfig({
      files: [file],
      sets: ['train.steps=2', 'seed=1'],
      flags: {out: 'short'},
      cwd: workspace.folder,
    })
    await train(short.config, toyServices({}))
    const whole = join(workspace.folder, 'whole', 'runs', 'seed=1')
    const sweepWith = async (out: string, ...runs: readonly string[]) => {
      const lines: string[] = []
      const changes = ['sweep.axes={seed: [1]}', `sweep.runs=${JSON.stringify(runs)}`]
      await sweep(config(out, changes), toyServices({command: 'scaling-sweep'}, lines))
      return lines
    }
    expect(await sweepWith('after-whole', whole, short.config.out!)).toContain(`seed=1: uses ${whole}`)
    await sweepWith('alone', short.config.out!)
    expect(existsSync(join(workspace.folder, 'alone', 'runs', 'seed=1', 'checkpoints', 'step-000004'))).toBe(true)
  })

  it('asks for the thought that mode forced-thought forces, before anything is trained', async () => {
    const asked = config('unforced', ['eval.modes=[forced-thought]'])
    const failed = sweep(asked, toyServices({command: 'scaling-sweep'}))
    await expect(failed).rejects.toThrow(/eval\.forcedThought is empty; expected the idle thought/)
    expect(existsSync(join(workspace.folder, 'unforced'))).toBe(false)
  })

  it('of runs of several lengths evaluates steps that all take, and is silent about those of the longest', async () => {
    const lines: string[] = []
    const changes = ['sweep.axes={train.steps: [1, 2]}', 'sweep.checkpoints=[1]']
    await sweep(config('lengths', changes), toyServices({command: 'scaling-sweep'}, lines))
    expect(new Set((await ledger('lengths')).map(({run, step}) => `${run} ${step}`))).toEqual(
      new Set(['train.steps=1 1', 'train.steps=2 1']),
    )
    expect(lines.filter((line) => line.includes('checkpoint.steps'))).toEqual([])
  })

  it.each([
    ['that one point does not come to', ['sweep.axes={train.steps: [2, 4]}'], 'set sweep.checkpoints to steps that'],
    [
      'that no point takes',
      ['sweep.axes={checkpoint.every: [1]}', 'sweep.train=from-0.yaml'],
      'set sweep.checkpoints to',
    ],
    ['that no point keeps', ['sweep.axes={train.steps: [4]}', 'sweep.checkpoints=[3]'], 'add it to checkpoint.steps'],
  ])('refuses steps %s, with what to do about it', async (_, changes, remedy) => {
    const text = readFileSync(join(workspace.folder, 'train.yaml'), 'utf8')
    writeFileSync(join(workspace.folder, 'from-0.yaml'), text.replace('[1, 2, 4]', '[0, 4]'))
    const refused = sweep(config('lost', changes), toyServices({command: 'scaling-sweep'}))
    await expect(refused).rejects.toThrow(/will have no checkpoint of step [034] of [24]/)
    await expect(refused).rejects.toMatchObject({suggestions: [expect.stringContaining(remedy)]})
  })

  it('uses it also where it would be evaluated in another way while it trains', async () => {
    const text = readFileSync(join(workspace.folder, 'train.yaml'), 'utf8')
    writeFileSync(join(workspace.folder, 'evaluated.yaml'), `${text}eval: {every: 2, modes: [standard], limit: 3}\n`)
    const lines: string[] = []
    const runs = join(workspace.folder, 'whole', 'runs', 'seed=1')
    const changes = ['sweep.train=evaluated.yaml', 'sweep.axes={seed: [1]}', `sweep.runs=["${runs}"]`]
    await sweep(config('reused-too', changes), toyServices({command: 'scaling-sweep'}, lines))
    expect(lines).toContain(`seed=1: uses ${runs}`)
  })
})

it('a sweep draws completions as generation_config.json of its models says, unless it is told, and records it', async () => {
  const file = join(workspace.base, 'generation_config.json')
  const drawn = ['sweep.axes={}', 'sweep.checkpoints=[1]', 'eval.modes=[reasoning]', 'eval.samples=2', 'eval.limit=4']
  const textsOf = async (out: string, changes: readonly string[] = [], lines: string[] = []) => {
    const sets = [
      ...drawn,
      'sweep.bootstraps=5',
      'eval.bootstraps=5',
      'sweep.train=drawn.yaml',
      `out=${out}`,
      ...changes,
    ]
    const {config: asked, sources} = loadConfig({command: 'scaling-sweep', sets, cwd: workspace.folder})
    await sweep(asked, {...toyServices({command: 'scaling-sweep'}, lines), sources})
    const table = join(workspace.folder, out, 'predictions', 'base', 'step-000001.arrow')
    return readTable(table, predictionsTable).map(({completion_text}) => completion_text)
  }
  writeFileSync(
    join(workspace.folder, 'drawn.yaml'),
    'data: {dir: data}\nmodel: {path: base}\nthreads: 1\ntrain: {objective: ntp, steps: 1, batchRows: 4}\ncheckpoint: {steps: [1]}\nprompt: {template: bare}\nrollout: {maxTokens: 6}\neval: {temperature: 3}\n',
  )
  const usual = await textsOf('drawn-usual')
  const told = await textsOf('drawn-told', ['eval.temperature=5'])
  writeFileSync(file, '{"temperature": 5}')
  const lines: string[] = []
  const taken = await textsOf('drawn-taken', [], lines)
  expect(taken).toEqual(told)
  expect(told).not.toEqual(usual)
  expect(
    lines.filter((line) => /scaling-sweep: eval\.temperature is 5, as of .*generation_config\.json/.test(line)),
  ).toHaveLength(1)
  const recorded = readFileSync(join(workspace.folder, 'drawn-taken', 'config.resolved.yaml'), 'utf8')
  expect(recorded).toMatch(/temperature: 5 +# .*generation_config\.json/)
  // A run that is there already is drawn from as its checkpoint says.
  const reused = await textsOf('drawn-reused', ['sweep.runs=[drawn-taken/runs/base]'])
  expect(reused).toEqual(told)
  rmSync(file)
})

it.each([true, false])(
  'a sweep refuses a thought that is too long for a finished run before any work, rehearsed: %s',
  async (isRehearsed) => {
    const reused = [
      'sweep.train=drawn.yaml',
      'sweep.axes={}',
      'sweep.checkpoints=[1]',
      'sweep.runs=[drawn-usual/runs/base]',
    ]
    const thought = ['eval.modes=[forced-thought]', `eval.forcedThought=${' A B C'.repeat(100)}`]
    const services = toyServices({command: 'scaling-sweep', ...(isRehearsed && {rehearsal: {note: () => undefined}})})
    const failed = openSweep(config('too-long', [...reused, ...thought]), services)
    await expect(failed).rejects.toThrow(
      /contains forced-thought, whose thought takes \d+ tokens; of the model's 256 positions/,
    )
    const {points} = await openSweep(config('too-long', reused), services)
    expect(points.map(({isDone}) => isDone)).toEqual([true])
  },
)
