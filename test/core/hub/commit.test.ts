import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import type {ServerResponse} from 'node:http'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {readTarget} from '../../../src/core/hub/address.js'
import {commitFiles} from '../../../src/core/hub/commit.js'
import {isSame, type LocalFile, readLocal} from '../../../src/core/hub/local-file.js'
import {modelFiles} from '../../../src/core/hub/model-files.js'
import {
  findRepository,
  makeRepository,
  readRemoteText,
  remoteForWriting,
  type WritingAccess,
} from '../../../src/core/hub/repository.js'
import {resolveSource} from '../../../src/core/hub/resolve-source.js'
import {DataError, Interrupted, type RptError, RuntimeFailure, UsageError} from '../../../src/core/util/errors.js'
import {type Progress, silentProgress} from '../../../src/core/util/progress.js'
import {commit, content, FakeHub, gitHash, sha256} from './fake-hub.js'

const token = 'a token without the usual beginning'
const weights = content(300_000)
const card = Buffer.from('# a model\n')
let folder: string
let hub: FakeHub

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rpt-commit-'))
  writeFileSync(join(folder, 'model.safetensors'), weights)
  hub = await new FakeHub('me/model').start()
  hub.token = token
  hub.files = {'old.txt': {content: Buffer.from('old')}}
})

afterEach(async () => {
  await hub.stop()
  rmSync(folder, {recursive: true, force: true})
})

function remote(access: WritingAccess = {}, name = 'hf:me/model') {
  const env = {HF_HOME: folder, HF_ENDPOINT: hub.endpoint, HF_TOKEN: token, ...access.env}
  return remoteForWriting(readTarget('push to', name), {delaysMs: [1, 1, 1], ...access, env})
}

async function locals(): Promise<LocalFile[]> {
  const ignore = () => {}
  return [
    await readLocal('model.safetensors', join(folder, 'model.safetensors'), weights.length, ignore),
    await readLocal('README.md', card, card.length, ignore),
  ]
}

async function push(access: WritingAccess = {}, progress: Progress = silentProgress, removed: readonly string[] = []) {
  const there = remote(access)
  const repository = await findRepository(there)
  return commitFiles(there, repository!, {title: 'a title', files: await locals(), removed}, progress)
}

/** Answers requests whose URL holds a text in place of the Hub, so often. */
function instead(text: string, answer: (response: ServerResponse) => unknown, times = Number.POSITIVE_INFINITY) {
  let left = times
  hub.uploads.instead = (url, response) => {
    if (!url.includes(text) || left-- <= 0) return false
    answer(response)
    return true
  }
}

const failure = (body: Promise<unknown>): Promise<RptError> =>
  body.then(
    () => expect.unreachable(),
    (error) => error,
  )
const untouched = () =>
  expect([Object.keys(hub.files), hub.refs.main, hub.uploads.commits]).toEqual([['old.txt'], commit, []])

describe('a commit', () => {
  it('holds all files, which a download brings back as they were', async () => {
    const made = await push({}, silentProgress, ['old.txt'])
    expect(made).toEqual({id: hub.refs.main, url: `${hub.endpoint}/me/model/commit/${hub.refs.main}`})
    expect(hub.uploads.commits).toEqual([
      {
        id: made.id,
        parent: commit,
        summary: 'a title',
        written: ['model.safetensors', 'README.md'],
        deleted: ['old.txt'],
      },
    ])
    expect(hub.files['model.safetensors'].isLarge).toBe(true)
    hub.files['config.json'] = {content: Buffer.from('{}')}
    const env = {HF_HOME: folder, HF_ENDPOINT: hub.endpoint, HF_TOKEN: token}
    const source = await resolveSource('model', 'me/model', {
      kind: 'model',
      files: modelFiles,
      progress: silentProgress,
      env,
    })
    expect(readFileSync(join(source.folder, 'model.safetensors')).equals(weights)).toBe(true)
  })

  it('comes in parts where the server wants them', async () => {
    hub.uploads.partSize = 70_000
    await push()
    const parts = hub.seen.filter(({method, url}) => method === 'PUT' && url.startsWith('/lfs/'))
    expect(parts).toHaveLength(5)
    expect(hub.files['model.safetensors'].content.equals(weights)).toBe(true)
  })

  it('tells the token to the Hub and to nobody else', async () => {
    await push()
    const tokens = (origin: string) => hub.seen.filter((one) => one.origin === origin).map((one) => one.authorization)
    expect(new Set(tokens('hub'))).toEqual(new Set([`Bearer ${token}`]))
    expect(new Set(tokens('storage'))).toEqual(new Set([undefined]))
  })

  it('reports every byte once, whatever had to be sent again', async () => {
    hub.uploads.breaks = 2
    const stages: unknown[] = []
    const counts: number[] = []
    const progress: Progress = {
      ...silentProgress,
      stage: (name, total, unit) => {
        stages.push([name, total, unit])
        const advance = (count: number) => counts.push((counts.at(-1) ?? 0) + count)
        return {advance, note() {}, done() {}}
      },
    }
    await push({}, progress)
    const total = weights.length + card.length
    expect(stages).toEqual([['upload me/model', total, 'bytes']])
    expect(counts.filter((count) => count > 0 && count < weights.length).length).toBeGreaterThan(2)
    expect(Math.max(...counts)).toBe(total)
    expect(counts.at(-1)).toBe(total)
    expect(hub.seen.filter(({url}) => url.startsWith('/lfs/'))).toHaveLength(3)
  })

  it('does not send again what the server has', async () => {
    hub.uploads.objects.set(sha256(weights), weights)
    await push()
    expect(hub.seen.filter(({origin}) => origin === 'storage')).toEqual([])
    expect(hub.files['model.safetensors'].content.equals(weights)).toBe(true)
  })
})

describe('a failure leaves the repository as it was', () => {
  it('when storage cannot be reached', async () => {
    hub.uploads.breaks = 100
    const error = await failure(push())
    expect(error).toBeInstanceOf(RuntimeFailure)
    expect(error.message).toContain('push to hf:me/model')
    expect(error.message).toContain('4 times')
    expect(error.suggestions[0]).toContain('run it again')
    untouched()
  })

  it('when the connection of the commit is lost, which is not sent twice', async () => {
    hub.uploads.refuses = [['/commit/', 503]]
    const error = await failure(push())
    expect(error).toBeInstanceOf(RuntimeFailure)
    expect(error.message).toContain('answered 503; the commit may have been made')
    expect(hub.urls.filter((url) => url.includes('/commit/'))).toHaveLength(1)
    untouched()
  })

  it('when the server has been asked too often, and says so', async () => {
    hub.uploads.refuses = [['/commit/', 429, 'at most 128 commits an hour']]
    const error = await failure(push())
    expect(error).toBeInstanceOf(RuntimeFailure)
    expect(error.message).toContain('answered 429 (at most 128 commits an hour), 4 times')
    untouched()
  })

  it('when the server says why in the body alone', async () => {
    instead('/commit/', (response) => response.writeHead(400).end('{"error": "license is not in the list"}'))
    const error = await failure(push())
    expect(error).toBeInstanceOf(DataError)
    expect(error.message).toContain('refused: license is not in the list (400)')
    untouched()
  })

  it.each(['/preupload/', '/objects/batch'])('when the answer of %s never ends', async (part) => {
    instead(part, (response) => response.writeHead(200).write('{'))
    const error = await failure(push({idleMs: 300, delaysMs: [1]}))
    expect(error).toBeInstanceOf(RuntimeFailure)
    expect(error.message).toContain('no answer in time, 2 times')
    untouched()
  })

  it('when somebody else commits meanwhile', async () => {
    hub.uploads.before = (url) => {
      if (url.includes('/preupload/')) hub.refs.main = 'b'.repeat(40)
    }
    const error = await failure(push())
    expect(error).toBeInstanceOf(DataError)
    expect(error.message).toContain('it has changed meanwhile; nothing was written')
    expect(Object.keys(hub.files)).toEqual(['old.txt'])
  })

  it('when the user stops while large files are sent', async () => {
    const stopping = new AbortController()
    hub.uploads.before = (url) => {
      if (url.startsWith('/lfs/')) stopping.abort()
    }
    const error = await failure(push({signal: stopping.signal}))
    expect(error).toBeInstanceOf(Interrupted)
    expect(error.message).toBe('push to hf:me/model: stopped; its files are as they were')
    untouched()
  })

  it('when the server is no Hub', async () => {
    hub.uploads.answers = {preupload: {other: true}}
    const error = await failure(push())
    expect(error).toBeInstanceOf(DataError)
    expect(error.message).toContain('does not answer as the Hub does')
    untouched()
  })

  it('when a file has gone', async () => {
    const there = remote()
    const [repository, files] = [await findRepository(there), await locals()]
    rmSync(join(folder, 'model.safetensors'))
    const error = await failure(commitFiles(there, repository!, {title: 't', files, removed: []}, silentProgress))
    expect(error).toBeInstanceOf(RuntimeFailure)
    expect(error.message).toContain('model.safetensors')
    untouched()
  })
})

it('a user who stops while the commit is on its way gets it', async () => {
  const stopping = new AbortController()
  hub.uploads.before = (url) => {
    if (url.includes('/commit/')) stopping.abort()
  }
  expect((await push({signal: stopping.signal})).id).toBe(hub.refs.main)
})

it('a commit that came too soon after others is sent again', async () => {
  instead('/commit/', (response) => response.writeHead(429).end(), 1)
  expect((await push()).id).toBe(hub.refs.main)
  expect(hub.uploads.commits).toHaveLength(1)
})

it.each([
  ['is not JSON', 'the answer is not JSON', (response: ServerResponse) => response.end('<html>')],
  [
    'is cut in half',
    'connection failed',
    (response: ServerResponse) => response.write('{"suc', () => response.destroy()),
  ],
  ['never ends', 'no answer in time', (response: ServerResponse) => response.write('{"suc')],
])('a commit whose answer %s may have been made, and the user is told', async (_, words, answer) => {
  instead('/commit/', (response) => answer(response.writeHead(200)))
  const error = await failure(push({idleMs: 300}))
  expect(error).toBeInstanceOf(RuntimeFailure)
  expect(error.message).toContain(words)
  expect(error.message).toContain('the commit may have been made')
  expect(hub.urls.filter((url) => url.includes('/commit/'))).toHaveLength(1)
})

describe('a repository', () => {
  it('is made where there is none, private if asked', async () => {
    hub.uploads.exists = false
    expect(await findRepository(remote())).toBeNull()
    const {repository, isMade} = await makeRepository(remote(), true)
    expect(isMade).toBe(true)
    expect(repository).toMatchObject({head: commit, isPrivate: true})
    expect(repository.files.map(({path}) => path)).toEqual(['.gitattributes'])
  })

  it('that somebody made meanwhile is taken as it is', async () => {
    const {repository, isMade} = await makeRepository(remote(), false)
    expect(isMade).toBe(false)
    expect(repository.files.map(({path}) => path)).toEqual(['old.txt'])
    expect(await readRemoteText(remote(), (await findRepository(remote()))!, 'old.txt')).toBe('old')
  })

  it('of somebody else is refused in the words of the server', async () => {
    const error = await failure(makeRepository(remote({}, 'them/model'), false))
    expect(error).toBeInstanceOf(DataError)
    expect(error.message).toBe(
      'push to hf:them/model: the token may not write there: You do not have the rights to create a model there (403)',
    )
    expect(error.suggestions[0]).toContain('check that them is you')
  })

  it('is not asked for with a token that is not accepted', async () => {
    const error = await failure(findRepository(remote({env: {HF_TOKEN: 'hf_secret'}})))
    expect(error.message).toContain('the token is not accepted')
    expect(`${error.message} ${error.suggestions}`).not.toContain('hf_secret')
  })
})

describe('before anything is asked', () => {
  it.each([
    ['there is no token', {HF_TOKEN: ''}],
    ['HF_HUB_OFFLINE is set', {HF_HUB_OFFLINE: '1'}],
  ])('%s: an error of usage', (words, env) => {
    expect(() => remote({env})).toThrow(UsageError)
    expect(() => remote({env})).toThrow(words)
    expect(hub.seen).toEqual([])
  })

  it.each(['model', 'hf:', 'hf:a/b/c', '../model', 'hf:me/..', '/somewhere/me', 'me/mo del', 'hf:me/model@main'])(
    'the name %s is an error of usage',
    (name) => {
      expect(() => readTarget('push to', name)).toThrow(UsageError)
    },
  )
})

it('files are compared by what the Hub lists of them', async () => {
  const [large, small] = await locals()
  const listed = (path: string, size: number, hash: string) => ({path, size, hash, noted: {size, blob_id: hash}})
  expect(isSame(large, listed('model.safetensors', weights.length, sha256(weights)))).toBe(true)
  expect(isSame(small, listed('README.md', card.length, gitHash(card)))).toBe(true)
  expect(isSame(small, listed('README.md', card.length, gitHash(weights)))).toBe(false)
  expect(isSame(small, undefined)).toBe(false)
})
