import {readdirSync, readFileSync, readlinkSync, writeFileSync} from 'node:fs'
import {hostname} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {listFiles} from '../../../src/core/hub/resolve-source.js'
import {DataError} from '../../../src/core/util/errors.js'
import {type Progress, silentProgress} from '../../../src/core/util/progress.js'
import {commit, content, gitHash, sha256} from './fake-hub.js'
import {
  blob,
  failure,
  home,
  hub,
  id,
  leftovers,
  repository,
  request,
  resolveIt,
  startHub,
  stopHub,
  weights,
} from './hub-cache.js'

beforeEach(() => startHub())
afterEach(stopHub)

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
    await stopHub()
    await startHub('dataset')
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
    const dead = {pid: 2 ** 22 + 1, host: hostname()}
    writeFileSync(join(locks, `${sha256(weights())}.rpt.lock`), `${JSON.stringify(dead)}\n`)
    await resolveIt()
    expect(readFileSync(blob()).equals(weights())).toBe(true)
    expect(readdirSync(locks)).toEqual([])
  })
})
