import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {modelFiles} from '../../../src/core/hub/model-files.js'
import {listFiles, resolveSource, type SourceRequest} from '../../../src/core/hub/resolve-source.js'
import {DataError, Interrupted, RuntimeFailure} from '../../../src/core/util/errors.js'
import {type Progress, silentProgress} from '../../../src/core/util/progress.js'
import {commit, content, FakeHub, gitHash, modelRepository, sha256} from './fake-hub.js'

let home: string
let hub: FakeHub
const id = 'owner/name'

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'rpt-hub-'))
  hub = await new FakeHub(id).start()
  hub.files = modelRepository()
})

afterEach(async () => {
  await hub.stop()
  rmSync(home, {recursive: true, force: true})
})

function request(env: Record<string, string> = {}, more: Partial<SourceRequest> = {}): SourceRequest {
  return {
    kind: 'model',
    files: modelFiles,
    progress: silentProgress,
    env: {HF_HOME: home, HF_ENDPOINT: hub.endpoint, ...env},
    delaysMs: [1, 1, 1],
    ...more,
  }
}

function resolveIt(value = id, env: Record<string, string> = {}, more: Partial<SourceRequest> = {}) {
  return resolveSource('model', value, request(env, more))
}

const repository = () => join(home, 'hub', 'models--owner--name')
const weights = () => hub.files['model.safetensors'].content
const blob = () => join(repository(), 'blobs', sha256(weights()))
const leftovers = () => readdirSync(join(repository(), 'blobs')).filter((name) => !/^[0-9a-f]+$/.test(name))

/** The error that `body` ends with. */
async function failure(body: Promise<unknown>): Promise<Error & {exitCode?: number; suggestions?: readonly string[]}> {
  return body.then(
    () => expect.fail('it succeeded'),
    (error) => error,
  )
}

describe('a Hub id', () => {
  it('becomes a folder with the wanted files, laid out as huggingface_hub does', async () => {
    const source = await resolveIt()
    expect(source.origin).toEqual({id, kind: 'model', revision: commit})
    expect(source.folder).toBe(join(repository(), 'snapshots', commit))
    expect(readdirSync(source.folder)).toEqual(['config.json', 'model.safetensors', 'tokenizer.json'])
    expect(source.files).toEqual(['config.json', 'model.safetensors', 'tokenizer.json'])
    expect(readlinkSync(join(source.folder, 'model.safetensors'))).toBe(`../../blobs/${sha256(weights())}`)
    expect(readlinkSync(join(source.folder, 'config.json'))).toBe(
      `../../blobs/${gitHash(hub.files['config.json'].content)}`,
    )
    expect(readFileSync(join(source.folder, 'model.safetensors')).equals(weights())).toBe(true)
    expect(readFileSync(join(repository(), 'refs', 'main'), 'utf8')).toBe(commit)
    expect(leftovers()).toEqual([])
    expect(readdirSync(join(home, 'hub', '.locks', 'models--owner--name'))).toEqual([])
  })

  it('at a commit is answered from the cache without any request', async () => {
    await resolveIt(`${id}@${commit}`)
    hub.seen.length = 0
    const source = await resolveIt(`hf:${id}@${commit}`)
    expect(source.files).toHaveLength(3)
    expect(hub.urls).toEqual([])
  })

  it('at a branch costs one request when the cache has the rest', async () => {
    await resolveIt()
    hub.seen.length = 0
    await resolveIt()
    expect(hub.urls).toHaveLength(1)
    expect(hub.urls[0]).toContain('/revision/main?')
  })

  it('at a tag or branch with a slash is resolved to its commit', async () => {
    hub.refs['refs/pr/1'] = 'b'.repeat(40)
    const source = await resolveIt(`${id}@refs/pr/1`)
    expect(source.origin?.revision).toBe('b'.repeat(40))
    expect(readFileSync(join(repository(), 'refs', 'refs', 'pr', '1'), 'utf8')).toBe('b'.repeat(40))
  })

  it('of a data set is read from its own routes and folder', async () => {
    await hub.stop()
    hub = await new FakeHub(id, 'dataset').start()
    hub.files = {
      'data/train 1#.jsonl': {content: content(2000), isLarge: true},
      'README.md': {content: Buffer.from('')},
    }
    const source = await resolveIt(id, {}, {kind: 'dataset', files: () => true})
    expect(source.folder).toBe(join(home, 'hub', 'datasets--owner--name', 'snapshots', commit))
    expect(source.files).toEqual(['README.md', 'data/train 1#.jsonl'])
    expect(readFileSync(join(source.folder, 'data', 'train 1#.jsonl'))).toHaveLength(2000)
    expect(readlinkSync(join(source.folder, 'data', 'train 1#.jsonl'))).toMatch(/^\.\.\/\.\.\/\.\.\/blobs\//)
    expect(await listFiles(source.origin!, request())).toEqual([
      {path: 'README.md', size: 0},
      {path: 'data/train 1#.jsonl', size: 2000},
    ])
  })

  it('prints nothing on stdout and tells the stage how many bytes there are', async () => {
    const printed = vi.spyOn(process.stdout, 'write')
    const consoles = (['log', 'info', 'debug'] as const).map((name) => vi.spyOn(console, name))
    const stages: unknown[] = []
    let bytes = 0
    const progress: Progress = {
      ...silentProgress,
      stage(...described) {
        stages.push(described)
        const advance = (count: number) => {
          bytes += count
        }
        return {advance, note() {}, done() {}}
      },
    }
    await resolveIt(id, {}, {progress})
    for (const spy of [printed, ...consoles]) expect(spy).not.toHaveBeenCalled()
    vi.restoreAllMocks()
    const wanted = ['config.json', 'model.safetensors', 'tokenizer.json']
    const total = wanted.reduce((sum, name) => sum + hub.files[name].content.length, 0)
    expect(stages).toEqual([[`download ${id}`, total, 'bytes', 0]])
    expect(bytes).toBe(total)
  })
})

describe('a path', () => {
  it('that exists is returned as it is, without looking at the Hub', async () => {
    expect(await resolveIt(home)).toEqual({folder: home, origin: null, files: []})
    expect(hub.seen).toEqual([])
  })

  it('that does not exist is an input error', async () => {
    const error = await failure(resolveIt(join(home, 'nowhere')))
    expect(error).toBeInstanceOf(DataError)
    expect(error.message).toBe(`model ${join(home, 'nowhere')} does not exist`)
  })

  it.each(['a/b/c', 'owner/na me', '../x', 'owner/..', 'hf:', 'owner/name@', 'owner/name@../../x', 'a--b/c'])(
    'that is no id either (%s) is refused',
    async (value) => {
      expect(await failure(resolveIt(value))).toBeInstanceOf(DataError)
      expect(hub.seen).toEqual([])
    },
  )
})

describe('a connection', () => {
  it('that breaks half-way is taken up again where it broke', async () => {
    hub.breaks = [100_000, 50_000]
    await resolveIt()
    const stored = hub.seen.filter(({origin}) => origin === 'storage')
    const [first, second, third] = stored.map(({range}) => range && Number(/^bytes=(\d+)-$/.exec(range)![1]))
    // Of the bytes sent, what was under way when the connection broke may be lost.
    expect([stored.length, first]).toEqual([3, undefined])
    expect(second).toBeGreaterThan(0)
    expect(second).toBeLessThanOrEqual(100_000)
    expect(third).toBeGreaterThanOrEqual(second as number)
    expect(third).toBeLessThanOrEqual(150_000)
    expect(readFileSync(blob()).equals(weights())).toBe(true)
  })

  it('that keeps breaking is an error after the last attempt, and the next run goes on from there', async () => {
    hub.breaks = [100_000, 0, 0, 0, 0, 0, 0]
    const error = await failure(resolveIt())
    expect(error).toBeInstanceOf(RuntimeFailure)
    expect(error.message).toContain('4 times')
    expect(existsSync(blob())).toBe(false)
    expect(leftovers()).toEqual([`${sha256(weights())}.rpt.incomplete`])
    // Of 100,000 bytes sent, what was under way when the connection broke may be lost.
    const {size} = statSync(`${blob()}.rpt.incomplete`)
    expect(size).toBeGreaterThan(0)
    hub.breaks = []
    hub.seen.length = 0
    await resolveIt()
    expect(hub.seen.filter(({origin}) => origin === 'storage').map(({range}) => range)).toEqual([`bytes=${size}-`])
    expect(readFileSync(blob()).equals(weights())).toBe(true)
    expect(leftovers()).toEqual([])
  })

  it('to a server that knows no ranges begins again', async () => {
    hub.breaks = [100_000]
    hub.hasRanges = false
    await resolveIt()
    expect(readFileSync(blob()).equals(weights())).toBe(true)
  })

  it('that falls silent is given up after a while', async () => {
    hub.delayMs = 5000
    const error = await failure(resolveIt(id, {}, {idleMs: 50, delaysMs: [1]}))
    expect(error.message).toContain('no answer in time, 2 times')
  })

  it('to a busy server is tried again', async () => {
    hub.refusals = [[503], [429]]
    expect((await resolveIt()).files).toHaveLength(3)
  })

  it('to nobody is one clear line', async () => {
    await hub.stop()
    const error = await failure(resolveIt())
    expect(error).toBeInstanceOf(RuntimeFailure)
    expect(error.exitCode).toBe(1)
    expect(error.message).toContain(`model ${id}: ${hub.endpoint}: connection failed: connect ECONNREFUSED`)
    expect(error.suggestions?.join()).toContain('HF_HUB_OFFLINE=1')
  })

  it('is dropped when the user stops, and what came stays', async () => {
    const stopping = new AbortController()
    hub.breaks = [100_000, 0]
    const progress: Progress = {
      ...silentProgress,
      stage: () => ({
        advance: (count) => void (count > 50_000 && setTimeout(() => stopping.abort(), 50)),
        note() {},
        done() {},
      }),
    }
    const error = await failure(resolveIt(id, {}, {progress, signal: stopping.signal, delaysMs: [5000, 5000]}))
    expect(error).toBeInstanceOf(Interrupted)
    expect(leftovers()).toHaveLength(1)
  })
})

describe('content', () => {
  it.each([
    ['model.safetensors', 'sha256'],
    ['config.json', 'git sha1'],
  ])('of %s with another %s is refused and nothing of it is kept', async (name, kind) => {
    hub.files[name] = {...hub.files[name], hash: kind === 'sha256' ? 'c'.repeat(64) : 'c'.repeat(40)}
    const error = await failure(resolveIt())
    expect(error).toBeInstanceOf(DataError)
    expect(error.message).toContain(`${name} arrived with ${kind} `)
    expect(existsSync(join(repository(), 'snapshots', commit, name))).toBe(false)
    expect(readdirSync(join(repository(), 'blobs')).filter((blobName) => blobName.startsWith('ccc'))).toEqual([])
  })

  it('of another length than listed is refused', async () => {
    const served = hub.files['model.safetensors']
    await resolveIt(`${id}@${commit}`, {}, {files: (path) => path === 'config.json'})
    hub.files['model.safetensors'] = {...served, content: served.content.subarray(1)}
    const error = await failure(resolveIt(`${id}@${commit}`))
    expect(error).toBeInstanceOf(DataError)
    expect(error.message).toContain('model.safetensors has 299999 bytes')
    expect(leftovers().filter((name) => lstatSync(join(repository(), 'blobs', name)).size > 0)).toEqual([])
  })

  it('left damaged by an earlier attempt is refused once and then fetched anew', async () => {
    await resolveIt(`${id}@${commit}`, {}, {files: (path) => path === 'config.json'})
    writeFileSync(`${blob()}.rpt.incomplete`, content(5000, 9))
    expect((await failure(resolveIt())).message).toContain('arrived with sha256')
    await resolveIt()
    expect(readFileSync(blob()).equals(weights())).toBe(true)
  })

  it.each([
    '../../evil.json',
    '/etc/evil.json',
    'C:/evil.json',
    'a\\..\\evil.json',
    'nul.json',
    'data/CON',
    'evil\0.json',
    'a//b.json',
    './evil.json',
    'evil.json.',
  ])('under the hostile name %j is refused before anything is written', async (name) => {
    hub.files = {...hub.files, [name]: {content: Buffer.from('{}')}}
    const error = await failure(resolveIt(id, {}, {files: () => true}))
    expect(error).toBeInstanceOf(DataError)
    expect(error.message).toContain(JSON.stringify(name))
    expect(existsSync(join(repository(), 'blobs'))).toBe(false)
    for (const folder of ['snapshots', 'refs']) expect(existsSync(join(repository(), folder))).toBe(false)
  })

  it('that no disk has room for is not begun', async () => {
    hub.files['model.safetensors'] = {...hub.files['model.safetensors'], size: 2 ** 52}
    const error = await failure(resolveIt())
    expect(error).toBeInstanceOf(RuntimeFailure)
    expect(error.message).toMatch(/^model owner\/name: needs 45\d+ bytes; .*hub has room for \d+$/)
    expect(hub.urls.filter((url) => url.includes('/resolve/'))).toEqual([])
  })

  it('whose listed hash is a path is refused', async () => {
    hub.files['config.json'] = {...hub.files['config.json'], hash: '../../../../evil'}
    expect(await failure(resolveIt())).toBeInstanceOf(DataError)
    expect(existsSync(join(repository(), 'blobs'))).toBe(false)
  })
})

describe('access', () => {
  it('is asked for with the token, which no other host gets to see', async () => {
    hub.token = 'a secret without the usual beginning'
    await resolveIt(id, {HF_TOKEN: hub.token})
    const tokens = (origin: string) =>
      new Set(hub.seen.filter((one) => one.origin === origin).map((one) => one.authorization))
    expect(tokens('hub')).toEqual(new Set([`Bearer ${hub.token}`]))
    expect(tokens('storage')).toEqual(new Set([undefined]))
  })

  it.each([
    ['secret', {}, 'there is no such model, or it is not public (401 RepoNotFound)'],
    ['secret', {HF_TOKEN: 'hf_other'}, 'the token is not accepted (401 RepoNotFound)'],
    ['hf_gated', {}, 'the model is gated (401 GatedRepo)'],
  ])('that is refused (%s, %j) says what to do', async (token, env, message) => {
    hub.token = token
    const error = await failure(resolveIt(id, env))
    expect(error).toBeInstanceOf(DataError)
    expect(error.exitCode).toBe(3)
    expect(error.message).toBe(`there is no folder ${resolve(id)}, and on the Hub model ${id}: ${message}`)
    expect(error.suggestions?.join()).toContain('HF_TOKEN')
    expect(JSON.stringify([error.message, error.suggestions])).not.toContain('hf_other')
  })

  it('to a repository or revision that is not there names it as typed', async () => {
    expect((await failure(resolveIt('hf:owner/other'))).message).toMatch(
      /^model hf:owner\/other: there is no such model at/,
    )
    expect((await failure(resolveIt(`${id}@v9`))).message).toContain('the model has no revision v9')
  })

  it('to what may be a misspelt path begins with the folder that is not there, offline and without a Hub too', async () => {
    const folders = new Map([['owner/nmae', '/config/owner/nmae']])
    const begin = /^there is no folder \/config\/owner\/nmae, and on the Hub model owner\/nmae: /
    const envs: Record<string, string>[] = [{}, {HF_HUB_OFFLINE: '1'}, {HF_ENDPOINT: 'http://127.0.0.1:1'}]
    for (const env of envs) {
      const error = await failure(resolveIt('owner/nmae', env, {folders}))
      expect(error.message).toMatch(begin)
      expect(error.suggestions?.[0]).toBe('check the path, if a folder of this machine was meant')
      expect(error.suggestions?.length).toBeLessThanOrEqual(3)
      const plain = await failure(resolveIt('hf:owner/nmae', env, {folders}))
      expect(plain.message).toMatch(/^model hf:owner\/nmae: /)
    }
  })

  it('to a repository without any usable file says what it has', async () => {
    hub.files = {'README.md': {content: Buffer.from('x')}}
    expect((await failure(resolveIt())).message).toContain('none of its files can be used; it has README.md')
  })
})

describe('two at once', () => {
  it('download a file once', async () => {
    hub.delayMs = 100
    await Promise.all([resolveIt(), resolveIt()])
    expect(hub.seen.filter(({origin}) => origin === 'storage')).toHaveLength(1)
    expect(leftovers()).toEqual([])
  })

  it('are told who downloads it, and count all of it as done', async () => {
    hub.delayMs = 300
    const notes: string[] = []
    const counts = [0, 0]
    const progressOf = (one: number): Progress => ({
      ...silentProgress,
      stage: () => ({
        advance(bytes) {
          counts[one] += bytes
        },
        note: (text) => notes.push(text),
        done() {},
      }),
    })
    const files = (path: string) => path === 'model.safetensors'
    await Promise.all([0, 1].map((one) => resolveIt(id, {}, {files, progress: progressOf(one)})))
    expect(counts).toEqual([weights().length, weights().length])
    expect(notes.join()).toContain(`another process downloads it: {"pid":${process.pid}`)
  })

  it('do not wait for a lock of a dead process', async () => {
    await resolveIt(id, {}, {files: (path) => path === 'config.json'})
    const locks = join(home, 'hub', '.locks', 'models--owner--name')
    const dead = {pid: 2 ** 22 + 1, host: (await import('node:os')).hostname()}
    writeFileSync(join(locks, `${sha256(weights())}.rpt.lock`), `${JSON.stringify(dead)}\n`)
    await resolveIt()
    expect(readFileSync(blob()).equals(weights())).toBe(true)
    expect(readdirSync(locks)).toEqual([])
  })
})
