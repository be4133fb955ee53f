import {existsSync, readdirSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {previewPush, push} from '../../../src/core/push/push.js'
import {Interrupted, UsageError} from '../../../src/core/util/errors.js'
import {at, card, env, failure, home, hub, modelNames, read, request, send, services, usePushes} from './toy-pushes.js'

usePushes(['full', 'eval'])

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
