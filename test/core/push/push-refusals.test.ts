import {cpSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {push} from '../../../src/core/push/push.js'
import {whileThere} from '../../../src/core/push/trained-run.js'
import {DataError, UsageError} from '../../../src/core/util/errors.js'
import {at, env, failure, hub, request, send, services, usePushes} from './toy-pushes.js'

usePushes(['full', 'onward', 'eval'])

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

  /** Somebody makes the repository after it was looked for, and before it is made. */
  function makeMeanwhile(files: Record<string, string>): void {
    hub.uploads.before = (url) => {
      if (url !== '/api/repos/create' || hub.uploads.exists) return
      hub.uploads.exists = true
      for (const [name, text] of Object.entries(files)) hub.files[name] = {content: Buffer.from(text)}
    }
  }

  it.each([
    ['that is public', {}, {isPrivate: true}, 'it exists and is public, but --private was given; nothing was sent'],
    ['of another kind', {'adapter_config.json': '{}'}, {}, 'a whole model beside adapters'],
    ['with a card', {'README.md': 'mine'}, {}, 'somebody has made it meanwhile, with a README.md; nothing was sent'],
  ])('at a repository %s that somebody makes meanwhile', async (_, files, changes, message) => {
    makeMeanwhile(files)
    const error = await failure(send('full', changes))
    expect(error).toBeInstanceOf(UsageError)
    expect(error.message).toContain(message)
    expect(hub.uploads.commits).toEqual([])
  })

  it('none at an empty repository that somebody makes meanwhile: it is taken', async () => {
    makeMeanwhile({})
    expect(await send('full')).toMatchObject({changed: true, created: false})
  })

  it('at a server that makes a public repository though a private one is asked for', async () => {
    hub.uploads.knowsPrivate = false
    expect((await failure(send('full', {isPrivate: true}))).message).toContain('it exists and is public')
    expect(hub.uploads.commits).toEqual([])
  })

  it('at a repository that exists and may not be read says so', async () => {
    hub.uploads.isHidden = true
    hub.uploads.exists = true
    const error = await failure(send('full'))
    expect(error).toBeInstanceOf(DataError)
    expect(error.message).toBe('push to hf:me/toy: it exists, but the token may not read it')
    expect(error.suggestions.join()).toContain('/settings/tokens')
  })

  it('at a repository of somebody else names it', async () => {
    const error = await failure(send('full', {repository: 'them/toy'}))
    expect(error).toBeInstanceOf(DataError)
    expect(error.message).toContain('push to hf:them/toy: the token may not write there')
  })
})
