import {spawn} from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import net from 'node:net'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {pinned} from '../../../src/core/hub/address.js'
import {modelFiles} from '../../../src/core/hub/model-files.js'
import {listFiles, resolveSource, type SourceRequest} from '../../../src/core/hub/resolve-source.js'
import {hubSettings} from '../../../src/core/hub/settings.js'
import {UsageError} from '../../../src/core/util/errors.js'
import {type Progress, silentProgress} from '../../../src/core/util/progress.js'
import {commit, FakeHub, gitHash, modelRepository, sha256} from './fake-hub.js'

let home: string
const id = 'owner/name'

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'rpt-hub-'))
})

afterEach(() => {
  vi.restoreAllMocks()
  rmSync(home, {recursive: true, force: true})
})

/** Fills the cache as huggingface_hub does: blobs by hash, relative links, the commit of a branch. */
function fillCache(names: readonly string[], files = modelRepository()): string {
  const root = join(home, 'hub', 'models--owner--name')
  for (const name of names) {
    const {content, isLarge} = files[name]
    const blob = join(root, 'blobs', isLarge ? sha256(content) : gitHash(content))
    const link = join(root, 'snapshots', commit, name)
    for (const path of [blob, link]) mkdirSync(dirname(path), {recursive: true})
    writeFileSync(blob, content)
    symlinkSync(join('..', '..', 'blobs', blob.slice(blob.lastIndexOf('/') + 1)), link)
  }
  mkdirSync(join(root, 'refs'), {recursive: true})
  writeFileSync(join(root, 'refs', 'main'), commit)
  return root
}

function writeTree(root: string): void {
  const files = Object.entries(modelRepository()).map(([name, {content, isLarge}]) => [
    name,
    {
      size: content.length,
      blob_id: gitHash(content),
      ...(isLarge && {lfs_sha256: sha256(content), lfs_size: content.length}),
    },
  ])
  mkdirSync(join(root, 'trees'))
  writeFileSync(
    join(root, 'trees', `${commit}.json`),
    JSON.stringify({format_version: 1, files: Object.fromEntries(files)}),
  )
}

/** Resolves with every way to the network closed. */
async function resolveOffline(value = id, more: Partial<SourceRequest> = {}) {
  const closed = () => {
    throw new Error('a socket was to be opened')
  }
  const connect = vi.spyOn(net.Socket.prototype, 'connect').mockImplementation(closed)
  const fetches = vi.spyOn(globalThis, 'fetch').mockImplementation(closed)
  const env = {HF_HOME: home, HF_HUB_OFFLINE: 'yes', HF_ENDPOINT: 'http://127.0.0.1:9'}
  const request = {kind: 'model' as const, files: modelFiles, progress: silentProgress, env, ...more}
  const result = await resolveSource('model', value, request).catch((error: Error) => error)
  expect(connect).not.toHaveBeenCalled()
  expect(fetches).not.toHaveBeenCalled()
  return result
}

const wanted = ['config.json', 'model.safetensors', 'tokenizer.json']

describe('offline', () => {
  it('reads what huggingface_hub downloaded, and opens no socket', async () => {
    const root = fillCache([...wanted, 'README.md'])
    const source = await resolveOffline()
    expect(source).toEqual({
      folder: join(root, 'snapshots', commit),
      origin: {id, kind: 'model', revision: commit},
      files: wanted,
    })
  })

  it('names the files that a listed commit lacks and how to get them', async () => {
    writeTree(fillCache(['config.json']))
    expect(await resolveOffline()).toMatchObject({
      message: expect.stringContaining('does not have model.safetensors, tokenizer.json'),
      suggestions: ['run it once without HF_HUB_OFFLINE', `or bring it here: hf download ${id}`],
      exitCode: 3,
    })
  })

  it('names the files of a listed commit that are there in part', async () => {
    const root = fillCache(wanted)
    writeTree(root)
    truncateSync(join(root, 'snapshots', commit, 'model.safetensors'), 5)
    expect(await resolveOffline()).toMatchObject({message: expect.stringMatching(/does not have model\.safetensors$/)})
  })

  it('takes of a data set without listing what there is, and says how to get one that it lacks', async () => {
    const root = join(home, 'hub', 'datasets--owner--name')
    mkdirSync(join(root, 'snapshots', commit), {recursive: true})
    for (const name of ['a.jsonl', 'config.json']) writeFileSync(join(root, 'snapshots', commit, name), '{}')
    const open = (value: string) => resolveOffline(value, {kind: 'dataset', files: () => true})
    expect(await open(`${id}@${commit}`)).toMatchObject({files: ['a.jsonl', 'config.json']})
    expect(await open('owner/other@v2')).toMatchObject({
      suggestions: expect.arrayContaining([
        'or bring it here: hf download owner/other --repo-type dataset --revision v2',
      ]),
    })
  })

  it('names the weights that a commit without listing lacks', async () => {
    fillCache(['config.json', 'tokenizer.json'])
    expect(await resolveOffline()).toMatchObject({message: expect.stringContaining('does not have model.safetensors')})
  })

  it('names the tensors that adapters without listing lack', async () => {
    fillCache(['adapter_config.json'], {'adapter_config.json': {content: Buffer.from('{}')}})
    expect(await resolveOffline()).toMatchObject({message: expect.stringContaining('have adapter_model.safetensors')})
  })

  it.each([
    [`${id}@v2`, 'does not have revision v2'],
    [`${id}@${'b'.repeat(40)}`, 'does not have any file of commit bbb'],
    ['owner/other', `${join('hub')} does not have revision main`],
  ])('refuses %s, which the cache does not know', async (value, message) => {
    fillCache(wanted)
    expect(await resolveOffline(value)).toMatchObject({message: expect.stringContaining(message), exitCode: 3})
  })
})

describe('online', () => {
  it('what huggingface_hub downloaded is not downloaded again', async () => {
    const hub = await new FakeHub(id).start()
    hub.files = modelRepository()
    fillCache(wanted)
    const env = {HF_HOME: home, HF_ENDPOINT: hub.endpoint}
    const source = await resolveSource('model', id, {kind: 'model', files: modelFiles, progress: silentProgress, env})
    await hub.stop()
    expect(source.files).toEqual(wanted)
    expect(hub.urls.filter((url) => url.includes('/resolve/') || url.includes('signed'))).toEqual([])
  })

  it('what is there in part is downloaded again', async () => {
    const hub = await new FakeHub(id).start()
    hub.files = modelRepository()
    const file = join(fillCache(wanted), 'snapshots', commit, 'model.safetensors')
    truncateSync(file, 5)
    const env = {HF_HOME: home, HF_ENDPOINT: hub.endpoint}
    await resolveSource('model', id, {kind: 'model', files: modelFiles, progress: silentProgress, env})
    await hub.stop()
    expect(readFileSync(file).equals(hub.files['model.safetensors'].content)).toBe(true)
  })

  it('what another commit brought is not counted, and what an earlier attempt brought is counted as done', async () => {
    const hub = await new FakeHub(id).start()
    hub.files = modelRepository()
    const root = fillCache(['config.json'])
    rmSync(join(root, 'snapshots'), {recursive: true})
    const {content} = hub.files['model.safetensors']
    writeFileSync(join(root, 'blobs', `${sha256(content)}.rpt.incomplete`), content.subarray(0, 10))
    const said: unknown[] = []
    const progress: Progress = {
      ...silentProgress,
      stage(...described) {
        said.push(described)
        return {advance() {}, note: (file) => said.push(file), done: (line) => said.push(line)}
      },
    }
    const request = {
      kind: 'model',
      files: modelFiles,
      progress,
      env: {HF_HOME: home, HF_ENDPOINT: hub.endpoint},
    } as const
    await resolveSource('model', id, request)
    await hub.stop()
    const total = content.length + hub.files['tokenizer.json'].content.length
    expect(said[0]).toEqual([`download ${id}`, total, 'bytes', 10])
    expect(said.at(-1)).toBe(`2 files, ${total} bytes`)
    expect(said).toContain('model.safetensors')
  })

  it('a listing that huggingface_hub noted saves asking for it', async () => {
    writeTree(fillCache(wanted))
    const files = await listFiles({id, kind: 'model', revision: commit}, {env: {HF_HOME: home, HF_HUB_OFFLINE: '1'}})
    expect(files.map(({path}) => path)).toEqual(Object.keys(modelRepository()).sort())
  })
})

it('a link in the cache that leads out of the snapshot is not followed', async () => {
  const hub = await new FakeHub(id).start()
  hub.files = {'data/config.json': {content: Buffer.from('{}')}}
  const root = fillCache(['config.json'])
  const outside = join(home, 'outside')
  mkdirSync(outside)
  symlinkSync(outside, join(root, 'snapshots', commit, 'data'))
  const env = {HF_HOME: home, HF_ENDPOINT: hub.endpoint}
  const request = {kind: 'model' as const, files: () => true, progress: silentProgress, env}
  await expect(resolveSource('model', id, request)).rejects.toThrow('outside of the snapshot')
  await hub.stop()
  expect(readdirSync(outside)).toEqual([])
})

describe('two processes at once', () => {
  it('download a file once', async () => {
    const hub = await new FakeHub(id).start()
    hub.files = modelRepository()
    hub.delayMs = 150
    const env = {...process.env, HF_HOME: home, HF_ENDPOINT: hub.endpoint}
    const outputs = await Promise.all([runProcess(env), runProcess(env)])
    await hub.stop()
    for (const output of outputs) expect(output).toEqual({code: 0, stdout: '', stderr: ''})
    expect(hub.seen.filter(({origin}) => origin === 'storage')).toHaveLength(1)
    const {content} = hub.files['model.safetensors']
    const path = join(home, 'hub', 'models--owner--name', 'snapshots', commit, 'model.safetensors')
    expect(readFileSync(path).equals(content)).toBe(true)
  })
})

/** Resolves the id in a process of its own, from the sources. */
function runProcess(env: NodeJS.ProcessEnv): Promise<{code: number | null; stdout: string; stderr: string}> {
  const source = join(import.meta.dirname, '../../../src/core')
  const script = `
    import {resolveSource} from '${source}/hub/resolve-source.ts'
    import {modelFiles} from '${source}/hub/model-files.ts'
    import {silentProgress} from '${source}/util/progress.ts'
    await resolveSource('model', '${id}', {kind: 'model', files: modelFiles, progress: silentProgress})`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {env})
  const output = {stdout: '', stderr: ''}
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (text) => {
      output[name] += text
    })
  return new Promise((resolve) => child.on('close', (code) => resolve({code, ...output})))
}

describe('a recorded commit', () => {
  const origin = {id, kind: 'model' as const, revision: commit}

  it('stands in for a branch of the same repository, and for nothing else', () => {
    expect(pinned(id, origin)).toBe(`hf:${id}@${commit}`)
    expect(pinned(`hf:${id}@v1`, origin)).toBe(`hf:${id}@${commit}`)
    expect(pinned(`${id}@${'b'.repeat(40)}`, origin)).toBe(`${id}@${'b'.repeat(40)}`)
    expect(pinned('owner/other', origin)).toBe('owner/other')
    expect(pinned(home, origin)).toBe(home)
    expect(pinned('src', {...origin, id: 'src'})).toBe(`hf:src@${commit}`)
    expect(pinned(id, undefined)).toBe(id)
  })
})

describe('settings', () => {
  it('follow the variables of huggingface_hub', () => {
    const token = join(home, 'token')
    writeFileSync(token, ' hf_file\n')
    expect(hubSettings({HF_HOME: home})).toEqual({
      endpoint: 'https://huggingface.co',
      proxies: null,
      cache: join(home, 'hub'),
      token: 'hf_file',
      isOffline: false,
    })
    expect(hubSettings({HF_HOME: home, HF_TOKEN: 'hf_variable'}).token).toBe('hf_variable')
    expect(hubSettings({HF_HOME: '/nowhere', HF_TOKEN_PATH: token}).token).toBe('hf_file')
    expect(hubSettings({HF_HOME: home, HF_HUB_DISABLE_IMPLICIT_TOKEN: '1'}).token).toBeNull()
    expect(hubSettings({HF_HOME: home, HF_HUB_CACHE: '$BASE/cache', BASE: home}).cache).toBe(join(home, 'cache'))
    expect(hubSettings({XDG_CACHE_HOME: home}).cache).toBe(join(home, 'huggingface', 'hub'))
    expect(hubSettings({HF_ENDPOINT: 'http://mirror:80/'}).endpoint).toBe('http://mirror:80')
    for (const value of ['1', 'true', 'Yes', 'ON']) expect(hubSettings({HF_HUB_OFFLINE: value}).isOffline).toBe(true)
    for (const value of ['', '0', 'false']) expect(hubSettings({HF_HUB_OFFLINE: value}).isOffline).toBe(false)
  })

  it.each([
    ['HF_TOKEN', '\u201chf_secret\u201d', 'U+201C'],
    ['HUGGING_FACE_HUB_TOKEN', 'hf_sec\u200bret', 'U+200B'],
    ['a file', 'hf_sec\nret', 'U+000A'],
  ])('refuse a token of %s that no header can hold, without showing it', (from, token, character) => {
    const file = join(home, 'token')
    writeFileSync(file, token)
    const env = from === 'a file' ? {HF_TOKEN_PATH: file} : {[from]: token}
    const name = from === 'a file' ? file : from
    const message = `the token of ${name} has the character ${character}; needs letters, digits and marks of ASCII alone`
    expect(() => hubSettings(env)).toThrow(UsageError)
    expect(() => hubSettings(env)).toThrow(message)
    expect(hubSettings({...env, HF_HUB_DISABLE_IMPLICIT_TOKEN: '1'}).token).toBeNull()
  })

  it('refuse an endpoint that is no address', () => {
    expect(() => hubSettings({HF_ENDPOINT: 'mirror'})).toThrow(UsageError)
  })
})

describe('model files', () => {
  const choose = (...names: string[]) => names.filter((name) => modelFiles(name, names))

  it('are configuration, tokenizer and one form of the weights', () => {
    const index = 'model.safetensors.index.json'
    const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']
    expect(choose('config.json', 'model.safetensors', 'pytorch_model.bin', 'original/consolidated.00.pth')).toEqual([
      'config.json',
      'model.safetensors',
    ])
    expect(choose(index, 'model.safetensors', 'consolidated.safetensors', ...shards)).toEqual([index, ...shards])
    expect(choose('adapter_config.json', 'adapter_model.safetensors', 'README.md')).toHaveLength(2)
    expect(choose('adapter_config.json', 'adapter_model.safetensors', 'config.json')).toEqual(['config.json'])
    expect(choose('onnx/config.json', 'tokenizer.json', 'chat_template.jinja', 'vocab.json')).toEqual([
      'tokenizer.json',
      'chat_template.jinja',
    ])
  })
})
