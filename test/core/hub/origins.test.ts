import {readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, afterEach, beforeAll, beforeEach, expect, it, vi} from 'vitest'
import {loadConfig} from '../../../src/core/config/load.js'
import {evaluate} from '../../../src/core/evaluation/evaluate.js'
import {planOf} from '../../../src/core/planning/plan.js'
import {prepareData} from '../../../src/core/preparation/prepare-data.js'
import {openSweep} from '../../../src/core/sweep/open-sweep.js'
import {sweep} from '../../../src/core/sweep/sweep.js'
import {openTraining} from '../../../src/core/training/open-training.js'
import {train} from '../../../src/core/training/train.js'
import {temporaryFolder} from '../../support/tiny-engine.js'
import {type ToyWorkspace, toyConfig, toyServices, toySettings, toyWorkspace} from '../../support/toy-run.js'
import {commit, FakeHub} from './fake-hub.js'

let workspace: ToyWorkspace
let hub: FakeHub
const moved = 'b'.repeat(40)
const origin = {id: 'owner/name', kind: 'model', revision: commit}

beforeAll(async () => {
  workspace = await toyWorkspace()
  hub = await new FakeHub('owner/name').start()
  const names = readdirSync(workspace.base)
  hub.files = Object.fromEntries(
    names.map((name) => [
      name,
      {content: readFileSync(join(workspace.base, name)), isLarge: name.endsWith('.safetensors')},
    ]),
  )
})

afterAll(() => hub.stop())

beforeEach(() => {
  vi.stubEnv('HF_HOME', temporaryFolder())
  vi.stubEnv('HF_ENDPOINT', hub.endpoint)
  hub.refs.main = commit
})

afterEach(() => {
  vi.unstubAllEnvs()
})

const json = (...parts: string[]) => JSON.parse(readFileSync(join(workspace.folder, ...parts), 'utf8'))
const settings = (steps: number) => ['model.path=owner/name', `train.steps=${steps}`, 'train.objective=ntp']

it('data prepared with a model of the Hub names its commit', async () => {
  const sets = [
    `data.documents=${join(workspace.folder, 'corpus.jsonl')}`,
    'data.proxy=owner/name',
    `data.tokenizer=owner/name@${commit}`,
    'data.valDocuments=2',
    'threads=1',
    'out=hub-data',
    'data.selectThreshold=0',
  ]
  await prepareData(loadConfig({command: 'prepare-data', sets, cwd: workspace.folder}).config, toyServices())
  expect(json('hub-data', 'manifest.json').origins).toEqual({'data.proxy': origin, 'data.tokenizer': origin})
})

it('a run names its commit everywhere, and goes on with it when the branch has moved', async () => {
  const sources = new Map([['model.path', '--model']])
  const run = (steps: number, resume: boolean) =>
    train(toyConfig(workspace, 'run', settings(steps)), toyServices({sources, resume}))
  const {origins} = await run(1, false)
  const expected = {'model.path': origin}
  expect(origins).toEqual(expected)
  expect(json('run', 'origins.json')).toEqual(expected)
  expect(json('run', 'summary.json').origins).toEqual(expected)
  expect(json('run', 'checkpoints', 'step-000001', 'manifest.json').origins).toEqual(expected)
  const yaml = readFileSync(join(workspace.folder, 'run', 'config.resolved.yaml'), 'utf8')
  expect(yaml).toMatch(new RegExp(`path: "owner/name" +# --model, commit ${commit}`))

  hub.refs.main = moved
  const files = {...hub.files}
  hub.files['config.json'] = {content: Buffer.from('{"model_type": "another"}')}
  expect((await run(2, true)).origins).toEqual(expected)
  hub.files = files
  const anew = await openTraining(toyConfig(workspace, 'run', settings(1)), toyServices({overwrite: true}))
  expect(anew.source.origins).toEqual({'model.path': {...origin, revision: moved}})
})

it('an evaluation names models of the Hub by name and commit', async () => {
  const {rows, origins} = await evaluate(
    toyConfig(workspace, 'evaluation', [
      ...settings(1),
      `eval.models=[owner/name@${commit}, ${workspace.base}]`,
      'eval.modes=[standard]',
      'eval.bootstraps=20',
    ]),
    toyServices(),
  )
  expect(origins).toEqual({'eval.models[0]': origin})
  expect(new Set(rows.map(({run}) => run))).toEqual(new Set(['name@aaaaaaa', 'base']))
})

it('a plan fetches nothing but config.json', async () => {
  hub.seen.length = 0
  await planOf('train', toyConfig(workspace, 'planned', settings(1)))
  expect(hub.urls.filter((url) => url.includes('/resolve/'))).toEqual([`/owner/name/resolve/${commit}/config.json`])
})

it('a plan of training that takes the tokenizer of its model does without it where it is not here', async () => {
  const questions = ['train.objective=rlvr', 'data.questions=corpus.jsonl', 'data.dir=null']
  const {missing} = await planOf('train', toyConfig(workspace, 'planned', [...settings(1), ...questions]))
  expect(missing).toContain('model owner/name: its files are fetched from the Hub')
})

it('a plan of a sweep opens no connection for a model that is in the cache, also to find a finished run of it', async () => {
  const file = join(workspace.folder, 'hub-point.yaml')
  const all = [...toySettings, ...settings(1), 'checkpoint.steps=[1]', `data.dir=${workspace.data}`]
  const {config} = loadConfig({sets: all, cwd: workspace.folder})
  writeFileSync(file, JSON.stringify(config))
  const finished = loadConfig({files: [file], flags: {out: 'finished'}, cwd: workspace.folder})
  await train(finished.config, toyServices())
  const sets = [`sweep.train=${file}`, 'sweep.runs=[finished]', 'out=planned-sweep', 'eval.modes=[standard]']
  const planned = loadConfig({command: 'scaling-sweep', sets, cwd: workspace.folder}).config
  const notes: string[] = []
  const doneIn = async () => {
    const rehearsal = {note: (line: string) => notes.push(line)}
    const {points} = await openSweep(planned, toyServices({command: 'scaling-sweep', rehearsal}))
    return points.map(({isDone}) => isDone)
  }
  hub.seen.length = 0
  expect(await doneIn()).toEqual([true])
  expect(hub.seen).toEqual([])
  expect(notes).toEqual([])

  // Where the cache lacks it, nothing is fetched but its description: whether the run is of this model is not known.
  vi.stubEnv('HF_HOME', temporaryFolder())
  expect(await doneIn()).toEqual([false])
  expect(hub.urls.filter((url) => url.includes('/resolve/'))).toEqual([`/owner/name/resolve/${commit}/config.json`])
  expect(new Set(notes)).toEqual(new Set(['model owner/name: its files are fetched from the Hub']))
})

it('a sweep asks once which commit a branch is, for all of its points, and they are of that one', async () => {
  const file = join(workspace.folder, 'asking-point.yaml')
  const all = [...toySettings, ...settings(1), 'checkpoint.steps=[1]', `data.dir=${workspace.data}`]
  writeFileSync(file, JSON.stringify(loadConfig({sets: all, cwd: workspace.folder}).config))
  const sets = [
    `sweep.train=${file}`,
    'sweep.axes={seed: [0, 1]}',
    'sweep.bootstraps=5',
    'out=asking-sweep',
    'eval.modes=[standard]',
    'eval.bootstraps=5',
    'threads=1',
  ]
  hub.seen.length = 0
  await sweep(
    loadConfig({command: 'scaling-sweep', sets, cwd: workspace.folder}).config,
    toyServices({command: 'scaling-sweep', commits: new Map()}),
  )
  expect(hub.urls.filter((url) => url.includes('/revision/'))).toHaveLength(1)
})

const evaluated = (model: string, out: string) =>
  evaluate(
    toyConfig(workspace, out, [`eval.models=[${model}]`, 'eval.modes=[standard]', 'eval.bootstraps=20']),
    toyServices(),
  )

it('adapters on a model of the Hub name it and its commit, and are evaluated with it', async () => {
  await train(toyConfig(workspace, 'adapters', [...settings(1), 'lora.rank=2']), toyServices())
  const file = ['adapters', 'checkpoints', 'step-000001', 'adapter_config.json']
  expect(json(...file)).toMatchObject({base_model_name_or_path: 'owner/name', revision: commit})
  hub.refs.main = moved
  const {rows} = await evaluated(join(workspace.folder, 'adapters'), 'evaluated-adapters')
  expect(rows.every(({accuracy}) => accuracy !== null)).toBe(true)
})

it('adapters of the Hub are fetched with their base, and planned with their description alone', async () => {
  await train(toyConfig(workspace, 'local', ['train.steps=1', 'train.objective=ntp', 'lora.rank=2']), toyServices())
  const adapters = await new FakeHub('owner/adapters').start()
  const names = ['adapter_config.json', 'adapter_model.safetensors']
  for (const name of names)
    adapters.files[name] = {
      content: readFileSync(join(workspace.folder, 'local', 'checkpoints', 'step-000001', name)),
      isLarge: name.endsWith('.safetensors'),
    }
  adapters.files['README.md'] = {content: Buffer.from('adapters')}
  vi.stubEnv('HF_ENDPOINT', adapters.endpoint)
  const fetched = () => adapters.urls.filter((url) => url.includes('/resolve/')).map((url) => url.split('/').at(-1))
  await planOf('train', toyConfig(workspace, 'planned', ['model.path=owner/adapters', 'train.objective=ntp']))
  expect(fetched()).toEqual(['adapter_config.json'])
  const [hubs, own] = [
    await evaluated('owner/adapters', 'evaluated-hub'),
    await evaluated(join(workspace.folder, 'local'), 'evaluated-local'),
  ]
  expect(hubs.rows.map(({accuracy}) => accuracy)).toEqual(own.rows.map(({accuracy}) => accuracy))
  expect(fetched()).toEqual(names)
  vi.stubEnv('HF_HUB_OFFLINE', '1')
  await evaluated('owner/adapters', 'evaluated-offline')
  await adapters.stop()
})
