import {cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi} from 'vitest'
import {parse} from 'yaml'
import {evaluate} from '../../../src/core/evaluation/evaluate.js'
import {type PushRequest, previewPush, push} from '../../../src/core/push/push.js'
import {whileThere} from '../../../src/core/push/trained-run.js'
import {percent} from '../../../src/core/report/format.js'
import {type EvalRow, evalTable, metricsTable, readTable} from '../../../src/core/tables/index.js'
import {train} from '../../../src/core/training/train.js'
import {DataError, Interrupted, type RptError, UsageError} from '../../../src/core/util/errors.js'
import type {Services} from '../../../src/core/util/services.js'
import {temporaryFolder} from '../../support/tiny-engine.js'
import {type ToyWorkspace, toyConfig, toyServices, toyWorkspace} from '../../support/toy-run.js'
import {commit, FakeHub} from '../hub/fake-hub.js'

let workspace: ToyWorkspace
let hub: FakeHub
let home: string
const at = (...names: string[]) => join(workspace.folder, ...names)
const read = (...names: string[]) => readFileSync(at(...names))
const json = (...names: string[]) => JSON.parse(String(read(...names)))

beforeAll(async () => {
  workspace = await toyWorkspace()
  const bases = await new FakeHub('owner/base').start()
  for (const name of readdirSync(workspace.base)) bases.files[name] = {content: read('base', name)}
  vi.stubEnv('HF_HOME', temporaryFolder())
  vi.stubEnv('HF_ENDPOINT', bases.endpoint)
  const run = (out: string, changes: readonly string[]) =>
    train(toyConfig(workspace, out, ['train.steps=2', 'checkpoint.steps=[1]', ...changes]), toyServices())
  await run('full', ['model.path=owner/base', 'train.objective=rpt'])
  await run('onward', [`model.path=${at('full')}`, 'train.objective=ntp', 'eval.every=2', 'eval.bootstraps=20'])
  await run('adapters', ['model.path=owner/base', 'train.objective=ntp', 'lora.rank=2', 'lora.merge=true'])
  await run('local', ['train.objective=ntp', 'lora.rank=2'])
  const models = `eval.models=[${workspace.base}, ${at('full')}]`
  await evaluate(toyConfig(workspace, 'eval', [models, 'eval.bootstraps=20']), toyServices({command: 'eval'}))
  await bases.stop()
  vi.unstubAllEnvs()
})

beforeEach(async () => {
  home = temporaryFolder()
  hub = await new FakeHub('me/toy').start()
  hub.token = 'hf_mine'
  hub.uploads.exists = false
})

afterEach(() => hub.stop())
afterAll(() => vi.unstubAllEnvs())

const env = () => ({HF_HOME: home, HF_ENDPOINT: hub.endpoint, HF_TOKEN: 'hf_mine'})
const request = (run: string, changes: Partial<PushRequest> = {}): PushRequest => ({
  run: at(run),
  repository: 'hf:me/toy',
  ...changes,
})
const services = (changes: Partial<Services> = {}, lines: string[] = []) =>
  toyServices({command: 'push', ...changes}, lines)
const send = (run: string, changes: Partial<PushRequest> = {}, lines: string[] = []) =>
  push(request(run, changes), services({}, lines), {env: env(), delaysMs: [1]})
const failure = (body: Promise<unknown>): Promise<RptError> =>
  body.then(
    () => expect.unreachable(),
    (error) => error,
  )
const card = () => String(hub.files['README.md'].content)
const fields = () => parse(/^---\n([\s\S]*?)\n---\n/.exec(card())![1])
const modelNames = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json']

describe('what is sent', () => {
  it('is what a model is loaded from, as the run wrote it, and a card; in one commit of a new repository', async () => {
    const lines: string[] = []
    const {url, ...summary} = await send('full', {evaluation: at('eval')}, lines)
    expect(summary).toMatchObject({
      repository: 'me/toy',
      step: 2,
      changed: true,
      created: true,
      private: false,
      removed: [],
    })
    expect(url).toBe(`${hub.endpoint}/me/toy/commit/${hub.refs.main}`)
    const sent = ['.gitattributes', 'README.md', ...modelNames]
    expect(Object.keys(hub.files).sort()).toEqual(sent.sort())
    for (const name of modelNames)
      expect(hub.files[name].content.equals(read('full', 'checkpoints', 'step-000002', name)), name).toBe(true)
    expect(hub.uploads.commits).toHaveLength(1)
    expect(hub.uploads.commits[0].summary).toBe('Checkpoint of step 2 (rpt 0.0.0)')
    expect(lines).toEqual([])
  })

  it('is nothing where the repository has all of it', async () => {
    const first = await send('full')
    const second = await send('full')
    expect(second).toEqual({...first, changed: false, created: false, sent: []})
    expect(hub.uploads.commits).toHaveLength(1)
  })

  it('is only what differs, of another checkpoint', async () => {
    await send('full')
    const {sent, step} = await send('full', {checkpoint: 1, message: 'an earlier one'})
    expect([step, sent]).toEqual([1, ['README.md', 'model.safetensors']])
    expect(hub.uploads.commits[1].summary).toBe('an earlier one')
    expect(
      hub.files['model.safetensors'].content.equals(read('full', 'checkpoints', 'step-000001', 'model.safetensors')),
    ).toBe(true)
  })

  it('replaces weights in shards, which would be loaded in its place', async () => {
    hub.uploads.exists = true
    const shards = [
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
      'model.safetensors.index.json',
    ]
    for (const name of [...shards, 'notes.txt']) hub.files[name] = {content: Buffer.from(name)}
    expect((await send('full')).removed).toEqual(shards)
    expect(Object.keys(hub.files).sort()).toEqual(['README.md', ...modelNames, 'notes.txt'].sort())
    hub.files[shards[2]] = {content: Buffer.from('{}')}
    expect(await send('full')).toMatchObject({changed: true, sent: [], removed: [shards[2]]})
  })

  it('goes into a private repository if asked, and never into a public one then', async () => {
    expect((await send('full', {isPrivate: true})).private).toBe(true)
    expect((await send('full', {isPrivate: true})).changed).toBe(false)
    hub.uploads.isPrivate = false
    const error = await failure(send('full', {isPrivate: true}))
    expect(error).toBeInstanceOf(UsageError)
    expect(error.message).toContain('it exists and is public')
  })
})

describe('the card', () => {
  it('has what the Hub reads, and every accuracy with its interval', async () => {
    await send('full', {evaluation: at('eval')})
    expect(fields()).toEqual({
      library_name: 'transformers',
      pipeline_tag: 'text-generation',
      base_model: 'owner/base',
      base_model_relation: 'finetune',
      tags: ['rpt', 'reinforcement-pre-training'],
    })
    const shown = (row: EvalRow) =>
      `${percent(row.accuracy)} [${percent(row.ci_low ?? Number.NaN)}, ${percent(row.ci_high ?? Number.NaN)}]`
    const rows = readTable(at('eval', 'eval.arrow'), evalTable).filter(({split}) => split === 'hard')
    expect(rows.map(({run}) => run)).toEqual(['base', 'base', 'full', 'full'])
    for (const row of rows) {
      const name = row.run === 'base' ? `base, ${row.mode}` : `**rpt, step 2, ${row.mode}**`
      const line = card()
        .split('\n')
        .find((text) => text.startsWith(`| ${name} |`))
      expect(line, name).toContain(shown(row))
    }
    expect(card()).toContain('| minus | ')
  })

  it('says what training took up to the checkpoint, though the run went on', async () => {
    await send('full', {checkpoint: 1})
    const rows = readTable(at('full', 'metrics.arrow'), metricsTable)
    expect(rows).toHaveLength(2)
    expect(card()).toContain(`| tokens sampled or trained on | ${rows[0].num_tokens} |`)
    await send('full')
    const {compute} = json('full', 'summary.json')
    expect(card()).toContain(`| tokens sampled or trained on | ${compute.tokens} |`)
    expect(card()).toContain(`| FLOPs | ${compute.flops.toExponential(2).replace('e+', 'e')} (`)
  })

  it('gives the settings and the commands that repeat it', async () => {
    await send('full')
    const [settings, data] = [...card().matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => parse(text))
    expect(settings).toMatchObject({
      seed: 0,
      train: {objective: 'rpt', steps: 2},
      grpo: {groupSize: 4, contextsPerStep: 4},
      prompt: {template: 'bare'},
    })
    expect(data).toMatchObject({data: {valDocuments: 2, minContext: 2}})
    expect(card()).toContain(`rpt train --config settings.yaml --data DATA --model hf:owner/base@${commit} --out RUN`)
    expect(card()).toContain('rpt prepare-data --config data.yaml --documents DOCUMENTS --proxy PROXY --out DATA')
  })

  it('shows how to load the model and how it was prompted', async () => {
    await send('full')
    expect(card()).toContain('AutoModelForCausalLM.from_pretrained("me/toy")')
    expect(card()).toContain('after = "<think>"')
    expect(card()).toContain('max_new_tokens=6')
  })

  it.each(['full', 'onward', 'adapters'])('of %s names no place of this machine', async (run) => {
    await send(run)
    for (const [name, {content}] of Object.entries(hub.files))
      if (!name.endsWith('.safetensors')) expect(String(content), name).not.toContain(workspace.folder)
  })

  it('follows earlier runs to the base, and has the evaluations of the run itself', async () => {
    const lines: string[] = []
    await send('onward', {}, lines)
    expect(lines).toEqual([])
    expect(fields()).toMatchObject({base_model: 'owner/base', tags: ['rpt']})
    expect(card()).toContain('**ntp, step 2, standard**')
    expect(card()).toContain('--model MODEL')
  })

  it('says that a checkpoint was not evaluated', async () => {
    const lines: string[] = []
    await send('onward', {checkpoint: 1}, lines)
    expect(card()).toContain('This checkpoint was not evaluated.')
    expect(lines.join()).toContain('give the --out of rpt eval as --evaluation')
  })

  it('that somebody wrote stays; of one with a license alone the license stays', async () => {
    hub.uploads.exists = true
    const theirs = '---\nlicense: mit\n---\n# Mine\n'
    hub.files['README.md'] = {content: Buffer.from(theirs)}
    const lines: string[] = []
    expect((await send('full', {}, lines)).sent).toEqual(modelNames)
    expect(card()).toBe(theirs)
    expect(lines.join()).toContain('is not changed')
    hub.files['README.md'] = {content: Buffer.from('---\nlicense: mit\ntags: [other]\n---\n')}
    expect((await send('full')).sent).toEqual(['README.md'])
    expect(fields()).toMatchObject({license: 'mit', library_name: 'transformers'})
    expect((await send('full')).changed).toBe(false)
  })
})

describe('adapters', () => {
  it('go with their description and tokenizer, and name their base', async () => {
    await send('adapters')
    const names = ['adapter_config.json', 'adapter_model.safetensors', 'tokenizer.json', 'tokenizer_config.json']
    expect(Object.keys(hub.files).sort()).toEqual(['.gitattributes', 'README.md', ...names].sort())
    for (const name of names)
      expect(hub.files[name].content.equals(read('adapters', 'checkpoints', 'step-000002', name)), name).toBe(true)
    expect(fields()).toMatchObject({library_name: 'peft', base_model: 'owner/base', base_model_relation: 'adapter'})
    expect(card()).toContain('AutoPeftModelForCausalLM.from_pretrained("me/toy")')
  })

  it('on a folder of this machine need a name for it, which takes its place', async () => {
    const error = await failure(send('local'))
    expect(error).toBeInstanceOf(UsageError)
    expect(error.suggestions.join()).toContain('--base-model')
    await send('local', {baseModel: 'owner/base@v1'})
    const config = JSON.parse(String(hub.files['adapter_config.json'].content))
    expect(config).toEqual({
      ...json('local', 'checkpoints', 'step-000002', 'adapter_config.json'),
      base_model_name_or_path: 'owner/base',
      revision: 'v1',
    })
    expect(card()).not.toContain(workspace.folder)
  })

  it('merged are a whole checkpoint', async () => {
    await send('adapters', {isMerged: true})
    expect(
      hub.files['model.safetensors'].content.equals(
        read('adapters', 'checkpoints', 'step-000002', 'merged', 'model.safetensors'),
      ),
    ).toBe(true)
    expect(fields()).toMatchObject({library_name: 'transformers', base_model: 'owner/base'})
    expect((await failure(send('full', {isMerged: true}))).message).toContain('has no merged checkpoint')
  })

  it('do not go beside a whole model, nor the other way round', async () => {
    await send('full')
    const error = await failure(send('adapters'))
    expect(error).toBeInstanceOf(UsageError)
    expect(error.message).toContain('it has config.json; adapters beside a whole model')
    delete hub.files['config.json']
    hub.files['adapter_config.json'] = {content: Buffer.from('{}')}
    expect((await failure(send('full'))).message).toContain('a whole model beside adapters')
  })
})

describe('an error', () => {
  const untouched = () => expect([hub.seen, hub.uploads.exists]).toEqual([[], false])

  it.each([
    ['no run', () => request('nowhere'), 'is not a training run; it has no run.json'],
    ['an evaluation', () => request('eval'), 'is not a training run; rpt eval made it'],
    ['no checkpoint of that step', () => request('full', {checkpoint: 7}), 'has no checkpoint of step 7; found: 1, 2'],
    [
      'an evaluation of others',
      () => request('onward', {evaluation: at('eval')}),
      'has no evaluation of onward, step 2',
    ],
  ])('at %s comes before anything is asked', async (_, asked, message) => {
    const error = await failure(push(asked(), services(), {env: env()}))
    expect(error).toBeInstanceOf(DataError)
    expect(error.message).toContain(message)
    untouched()
  })

  it.each([
    ['a name without owner', {repository: 'hf:toy'}, 'hf:owner/name'],
    ['a revision', {repository: 'hf:me/toy@main'}, 'without a revision'],
    ['a message of two lines', {message: 'one\ntwo'}, 'one line'],
    ['a base that is none', {baseModel: '/somewhere/base'}, '--base-model'],
  ])('of usage at %s', async (_, changes, message) => {
    const error = await failure(send('full', changes))
    expect(error).toBeInstanceOf(UsageError)
    expect(error.message).toContain(message)
    untouched()
  })

  it('without a token', async () => {
    const error = await failure(push(request('full'), services(), {env: {...env(), HF_TOKEN: ''}}))
    expect(error).toBeInstanceOf(UsageError)
    expect(error.suggestions.join()).toContain('HF_TOKEN')
    untouched()
  })

  it('at a damaged checkpoint, with nothing sent', async () => {
    cpSync(at('full'), at('damaged'), {recursive: true})
    const file = at('damaged', 'checkpoints', 'step-000002', 'model.safetensors')
    const bytes = readFileSync(file)
    bytes[bytes.length - 1] ^= 1
    writeFileSync(file, bytes)
    expect((await failure(send('damaged'))).message).toContain('model.safetensors has changed: its sha256 begins with ')
    rmSync(file)
    expect((await failure(send('damaged'))).message).toContain('model.safetensors')
    expect(hub.uploads.exists).toBe(false)
  })

  it('at a checkpoint that training removes while its files are read', async () => {
    cpSync(at('full'), at('pruned'), {recursive: true})
    const checkpoint = at('pruned', 'checkpoints', 'step-000002')
    hub.uploads.before = () => rmSync(checkpoint, {recursive: true, force: true})
    const error = await failure(send('pruned'))
    expect(error).toBeInstanceOf(DataError)
    expect(error.message).toBe(`push: the checkpoint ${checkpoint} was removed while it was read; nothing was sent`)
    expect(hub.uploads.exists).toBe(false)
    const other = new DataError('another')
    const failing = () => {
      throw other
    }
    expect(await failure(whileThere(checkpoint, failing))).toMatchObject({message: error.message, cause: other})
    expect(await failure(whileThere(at('full'), failing))).toBe(other)
  })

  it('at an evaluation of other weights under the same name', async () => {
    const twin = at('twins', 'full')
    mkdirSync(at('twins'), {recursive: true})
    cpSync(at('full'), twin, {recursive: true})
    rmSync(join(twin, 'checkpoints', 'step-000002'), {recursive: true})
    cpSync(at('full', 'checkpoints', 'step-000001'), join(twin, 'checkpoints', 'step-000002'), {recursive: true})
    const state = join(twin, 'checkpoints', 'step-000002', 'trainer-state.json')
    writeFileSync(state, String(readFileSync(state)).replace('"step": 1', '"step": 2'))
    const error = await failure(push(request('twins/full', {evaluation: at('eval')}), services(), {env: env()}))
    expect(error.message).toContain('evaluated other weights with the name full, step-000002')
  })

  it('at a repository of somebody else names it', async () => {
    const error = await failure(send('full', {repository: 'them/toy'}))
    expect(error).toBeInstanceOf(DataError)
    expect(error.message).toContain('push to hf:them/toy: the token may not write there')
  })
})

it('a user who stops while files are read sends nothing', async () => {
  const stopping = new AbortController()
  hub.uploads.before = () => stopping.abort()
  const error = await failure(push(request('full'), services({signal: stopping.signal}), {env: env()}))
  expect(error).toBeInstanceOf(Interrupted)
  expect(hub.uploads.exists).toBe(false)
})

it('a rehearsal shows files and card, and asks nobody', async () => {
  const {files, card: text, ...rest} = await previewPush(request('full'), services())
  expect(rest).toEqual({command: 'push', repository: 'me/toy', step: 2, dry_run: true})
  expect(files.map(({path}) => path)).toEqual(['README.md', ...modelNames])
  expect(hub.seen).toEqual([])
  await send('full')
  expect(card()).toBe(text)
})

it('a push leaves the run as it is', async () => {
  const listing = () => readdirSync(at('full'), {recursive: true}).sort()
  const before = listing()
  await send('full', {evaluation: at('eval')})
  expect(listing()).toEqual(before)
  expect(existsSync(join(home, 'hub'))).toBe(false)
})
