import {cpSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {openSweep} from '../../../src/core/sweep/open-sweep.js'
import {metricsTable, openStream} from '../../../src/core/tables/index.js'
import {train} from '../../../src/core/training/train.js'
import type {Services} from '../../../src/core/util/services.js'
import {type ToyWorkspace, toyServices, toyWorkspace} from '../../support/toy-run.js'

let workspace: ToyWorkspace
const at = (...names: string[]) => join(workspace.folder, ...names)

const ofSteps =
  'model: {path: base}\nthreads: 1\ncheckpoint: {steps: [1, 2]}\ntrain: {steps: 2, batchRows: 4, objective: ntp}\noptim: {learningRate: 0.001, schedule: cosine}\n'
const ofQuestions =
  'model: {path: base}\ncheckpoint: {steps: [1]}\ntrain: {steps: 1, objective: rlvr}\ndata: {questions: questions.jsonl, valDocuments: 1}\nprompt: {questionTemplate: bare}\nrollout: {maxTokens: 8}\n'

beforeAll(async () => {
  workspace = await toyWorkspace()
  writeFileSync(at('no-data.yaml'), ofSteps)
  writeFileSync(at('train.yaml'), `${ofSteps}data: {dir: data}\n`)
  writeFileSync(at('questions.yaml'), ofQuestions)
  writeFileSync(at('questions.jsonl'), '{"question": "A", "answer": "1"}\n{"question": "B", "answer": "2"}\n')
  const {config} = loadConfig({files: ['train.yaml'], flags: {out: 'first'}, cwd: workspace.folder})
  await train(config, toyServices())
  cpSync(at('first'), at('second'), {recursive: true})
  rmSync(at('second', 'summary.json'))
})

async function open(changes: readonly string[], services: Partial<Services> = {}) {
  const lines: string[] = []
  const sets = ['sweep.train=train.yaml', 'out=new', 'eval.modes=standard', ...changes]
  const {config, sources} = loadConfig({command: 'scaling-sweep', sets, cwd: workspace.folder})
  const {points} = await openSweep(config, toyServices({command: 'scaling-sweep', sources, ...services}, lines))
  return {lines, used: points.map(({folder, isDone}) => (isDone ? folder : null))}
}

describe('a sweep uses a finished run', () => {
  it('that is the last of those that are named, also without a summary', async () => {
    expect((await open(['sweep.runs=[first, second]'])).used).toEqual([at('second')])
    expect((await open(['sweep.runs=[second, first]'])).used).toEqual([at('first')])
  })

  it('for no point of another length, on which its learning rate depends', async () => {
    const {used} = await open(['sweep.axes={train.steps: [1, 2]}', 'sweep.checkpoints=[1]', 'sweep.runs=[first]'])
    expect(used).toEqual([null, at('first')])
  })
})

describe('a sweep uses no finished run that another length or another search for signal made otherwise', () => {
  const used = async (run: string, changes: readonly string[]) =>
    (await open(['sweep.train=rpt.yaml', 'sweep.checkpoints=[3]', `sweep.runs=[${run}]`, ...changes])).used
  const ofRun = async (name: string, settings: string) => {
    const text = `data: {dir: data}\nmodel: {path: base}\nprompt: {template: bare}\nrollout: {maxTokens: 6}\nthreads: 1\ntrain: {steps: 4}\ncheckpoint: {steps: [3]}\n`
    writeFileSync(at('rpt.yaml'), text + settings)
    const {config} = loadConfig({files: ['rpt.yaml'], flags: {out: name}, cwd: workspace.folder})
    await train(config, toyServices())
  }
  const small = 'groupSize: 2, contextsPerStep: 2'
  const ofLength = ['sweep.axes={train.steps: [3, 4]}']

  it.each([
    ['nothing', `grpo: {${small}}`, true],
    ['a term', `grpo: {${small}}\nreward: {terms: [prefix-match, length-budget]}`, false],
  ])('where %s depends on the length', async (name, settings, isUsed) => {
    const run = name.replaceAll(' ', '-')
    await ofRun(run, settings)
    expect(await used(run, ofLength)).toEqual([isUsed ? at(run) : null, at(run)])
  })

  it('where more batches may be sampled', async () => {
    await ofRun('searching', `grpo: {${small}}`)
    const batches = ['sweep.axes={grpo.dynamicSampling.maxBatches: [3, 16]}']
    expect(await used('searching', batches)).toEqual([null, at('searching')])
  })
})

describe('before a sweep trains', () => {
  it('it refuses a finished run without a checkpoint that it evaluates, and says how to do without the run', async () => {
    cpSync(at('first'), at('lacking'), {recursive: true})
    rmSync(at('lacking', 'checkpoints', 'step-000001'), {recursive: true})
    const axes = ['sweep.axes={seed: [7, 0]}', 'sweep.runs=[lacking]']
    await expect(open(axes)).rejects.toThrow(`${at('lacking')} has no checkpoint of step 1`)
    await expect(open(axes)).rejects.toMatchObject({
      suggestions: ['take it out of sweep.runs: the point is then trained here'],
    })
  })

  it.each([
    ['a finished one of sweep.runs', 'uncounted', 'take it out of sweep.runs: the point is then trained here'],
    ['an own one that goes on', 'own/runs/base', 'trains it again'],
  ])('it refuses a run that does not know what its checkpoints cost: %s', async (_, run, remedy) => {
    cpSync(at('first'), at(run), {recursive: true})
    const table = await openStream(at(run, 'metrics.arrow'), metricsTable)
    await table.keepRows(({step}) => step > 1)
    await table.close()
    if (run !== 'uncounted') {
      rmSync(at(run, 'summary.json'))
      cpSync(at('first', 'run.json'), at('own', 'run.json'))
    }
    const refused = open(['sweep.runs=[uncounted]', 'out=own'].slice(run === 'uncounted' ? 0 : 1), {resume: true})
    await expect(refused).rejects.toThrow(/metrics\.arrow has 1 of 2 steps, so nobody knows what its checkpoints cost/)
    await expect(refused).rejects.toMatchObject({
      suggestions: ['put back the whole table', expect.stringContaining(remedy)],
    })
  })

  it('it says in which modes it evaluates, where nobody chose them', async () => {
    const {lines} = await open(['sweep.train=questions.yaml', 'eval.modes=null'])
    expect(lines).toContain('scaling-sweep: eval.modes is reasoning, the default of questions')
  })

  it('it asks for what training or evaluation of its points cannot do without', async () => {
    const missing = /config: data\.dir is not set/
    await expect(open(['sweep.train=no-data.yaml'])).rejects.toThrow(missing)
    await expect(open(['sweep.train=questions.yaml', 'eval.task=next-token'])).rejects.toThrow(missing)
  })

  it('it refuses a point that does not fit into memory, whose plan shows what it takes', async () => {
    const short = ['sweep.axes={memory.limitGiB: [1000, 0.001]}']
    await expect(open(short)).rejects.toThrow(/of memory/)
    expect((await open(short, {rehearsal: {note: () => undefined}})).used).toEqual([null, null])
  })
})
