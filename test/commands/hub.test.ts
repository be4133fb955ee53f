import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {type AddressInfo, connect} from 'node:net'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {createServer} from 'node:tls'
import {fileURLToPath} from 'node:url'
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest'
import {documentsTable, readTable} from '../../src/core/tables/index.js'
import {commit, FakeHub} from '../core/hub/fake-hub.js'
import {certificate, key} from '../core/hub/hub-invalid.js'
import {FakeProxy} from '../core/net/fake-proxy.js'
import {rpt} from './rpt.js'

const tiny = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'experiments', 'tiny')
const hub = new FakeHub('team/tiny')
const folder = mkdtempSync(join(tmpdir(), 'rpt-hub-'))
const at = (...names: string[]) => join(folder, ...names)
const readJson = (...names: string[]) => JSON.parse(readFileSync(at(...names), 'utf8'))

beforeAll(async () => {
  for (const name of readdirSync(join(tiny, 'base')))
    hub.files[name] = {content: readFileSync(join(tiny, 'base', name)), isLarge: name.endsWith('.safetensors')}
  const lines = readFileSync(join(tiny, 'corpus.jsonl'), 'utf8').split('\n')
  writeFileSync(at('corpus.jsonl'), `${lines.slice(0, 40).join('\n')}\n`)
  await hub.start()
})

afterAll(async () => {
  await hub.stop()
  rmSync(folder, {recursive: true, force: true})
})

const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  rpt([...args, '--json', '--threads', '1'], folder, {HF_HOME: at('home'), HF_ENDPOINT: hub.endpoint, ...env})

it('a checkpoint of the Hub is fetched once, named by its commit, and used again without network', async () => {
  const prepared = await run([
    'prepare-data',
    '--documents',
    'corpus.jsonl',
    '--proxy',
    'team/tiny',
    '--set',
    'data.tokenizer=team/tiny',
    '--out',
    'data',
  ])
  expect(prepared.status, prepared.stderr).toBe(0)
  expect(hub.urls.filter((url) => url.includes('/revision/'))).toHaveLength(1)
  expect(JSON.parse(prepared.stdout).command).toBe('prepare-data')
  const origin = {id: 'team/tiny', kind: 'model', revision: commit}
  expect(readJson('data', 'manifest.json').origins).toEqual({'data.proxy': origin, 'data.tokenizer': origin})

  const requests = hub.seen.length
  const training = ['train', '--data', 'data', '--model', 'team/tiny', '--out', 'run', '--objective', 'ntp']
  const trained = await run([...training, '--steps', '1'], {HF_HUB_OFFLINE: '1'})
  expect(trained.status, trained.stderr).toBe(0)
  expect(hub.seen.length).toBe(requests)
  const {origins} = readJson('run', 'checkpoints', 'step-000001', 'manifest.json')
  expect(origins['model.path'].revision).toBe(commit)
})

describe('push', () => {
  let target: FakeHub

  beforeEach(async () => {
    target = await new FakeHub('me/pushed').start()
    target.token = 'hf_mine'
    target.uploads.exists = false
  })

  afterEach(() => target.stop())

  const pushRun = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    rpt(['push', ...args], folder, {HF_HOME: at('home'), HF_ENDPOINT: target.endpoint, HF_TOKEN: 'hf_mine', ...env})

  // The run is that of the first test.
  it('sends the last checkpoint of a run, prints the address of the commit last, and nothing has changed then', async () => {
    const first = await pushRun(['run', 'hf:me/pushed', '--private', '--message', 'the first'])
    expect(first.status, first.stderr).toBe(0)
    const url = `${target.endpoint}/me/pushed/commit/${target.refs.main}`
    expect(first.stdout.trimEnd().split('\n').at(-1)).toBe(url)
    expect(first.stderr).toContain('upload me/pushed')
    expect(target.uploads.commits.map(({summary}) => summary)).toEqual(['the first'])
    const weights = readFileSync(at('run', 'checkpoints', 'step-000001', 'model.safetensors'))
    expect(target.files['model.safetensors'].content.equals(weights)).toBe(true)
    expect(String(target.files['README.md'].content)).toContain('base_model: team/tiny\n')

    const second = await pushRun(['run', 'hf:me/pushed', '--json'])
    expect(second.status, second.stderr).toBe(0)
    expect(JSON.parse(second.stdout)).toMatchObject({command: 'push', url, changed: false, private: true, sent: []})
  })

  it('only shows what it would send under --dry-run', async () => {
    // Nobody is asked, so that no token is needed.
    const {status, stdout} = await pushRun(['run', 'hf:me/pushed', '--dry-run'], {HF_TOKEN: '', HF_HUB_OFFLINE: '1'})
    expect(status).toBe(0)
    expect(stdout).toMatch(/^step 1 would go to me\/pushed/)
    expect(stdout).toContain('# pushed')
    expect(target.seen).toEqual([])
  })

  it.each([
    ['no token', ['run', 'hf:me/pushed'], {HF_TOKEN: ''}, 2, 'there is no token'],
    ['no owner', ['run', 'hf:pushed'], {}, 2, 'hf:owner/name'],
    ['no run', ['data', 'hf:me/pushed'], {}, 3, 'is not a training run'],
    ['a repository of somebody else', ['run', 'hf:them/model'], {}, 3, 'the token may not write there'],
    ['a token that is not accepted', ['run', 'hf:me/pushed'], {HF_TOKEN: 'hf_other'}, 3, 'the token is not accepted'],
  ])('at %s ends with its status, and what to try', async (_, args, env, expected, message) => {
    const {status, stderr} = await pushRun(args, env)
    expect(status, stderr).toBe(expected)
    expect(stderr).toContain(message)
    expect(stderr).toMatch(/try: /)
    expect(
      stderr
        .trimEnd()
        .split('\n')
        .filter((line) => !line.startsWith('check the')).length,
    ).toBeLessThanOrEqual(5)
    expect(target.uploads.commits).toEqual([])
  })
})

it('an id that the Hub does not have ends with status 3, one line, and nothing written', async () => {
  const {status, stdout, stderr} = await run([
    'prepare-data',
    '--documents',
    'corpus.jsonl',
    '--proxy',
    'team/none',
    '--out',
    'no',
  ])
  expect(status, stderr).toBe(3)
  expect(JSON.parse(stdout).error.message).toMatch(
    /^there is no folder \S+\/team\/none, and on the Hub proxy team\/none: .*\S$/,
  )
  expect(readdirSync(folder)).not.toContain('no')
})

it('a data set of the Hub is read by split, its rows are named after it, and its commit is recorded', async () => {
  const corpus = new FakeHub('team/corpus', 'dataset')
  corpus.files['train.jsonl'] = {content: readFileSync(at('corpus.jsonl')), isLarge: true}
  corpus.files['test.jsonl'] = {content: Buffer.from('{"text": "not for training"}\n')}
  await corpus.start()
  const args = ['prepare-data', '--documents', 'hf:team/corpus', '--proxy', join(tiny, 'base'), '--out', 'from-hub']
  const {status, stdout, stderr} = await run(args, {HF_ENDPOINT: corpus.endpoint})
  await corpus.stop()
  expect(status, stderr).toBe(0)
  expect(JSON.parse(stdout).documents.read).toBe(40)
  expect(readJson('from-hub', 'manifest.json').origins['data.documents']).toEqual({
    id: 'team/corpus',
    kind: 'dataset',
    revision: commit,
  })
  const documents = readTable(at('from-hub', 'documents.arrow'), documentsTable)
  expect(documents[0].doc_id).toMatch(/^team\/corpus:\d+$/)
  expect(corpus.urls.some((url) => url.includes('test.jsonl'))).toBe(false)
})

it('a Hub that only the proxy of HTTPS_PROXY reaches is asked through it, by https', async () => {
  const hidden = await new FakeHub('team/tiny').start()
  hidden.files = hub.files
  const port = Number(new URL(hidden.endpoint).port)
  hidden.endpoint = 'https://hub.invalid'
  const front = createServer({key, cert: certificate}, (socket) => {
    socket.pipe(connect(port, '127.0.0.1')).pipe(socket)
  })
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  const proxy = await new FakeProxy().start()
  proxy.known['hub.invalid:443'] = (front.address() as AddressInfo).port
  writeFileSync(at('hub-invalid.pem'), certificate)
  const env = {HF_HOME: at('other-home'), HF_ENDPOINT: hidden.endpoint, NODE_EXTRA_CA_CERTS: at('hub-invalid.pem')}
  const args = ['prepare-data', '--documents', 'corpus.jsonl', '--proxy', 'team/tiny', '--out', 'new', '--dry-run']
  const {status, stderr} = await run(args, {...env, HTTPS_PROXY: `http://${proxy.address}`})
  expect(status, stderr).toBe(0)
  expect(new Set(proxy.tunnels)).toEqual(new Set(['hub.invalid:443']))
  expect(hidden.seen.length).toBeGreaterThan(0)
  front.close()
  proxy.stop()
  await hidden.stop()
})
