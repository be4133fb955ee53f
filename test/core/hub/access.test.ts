import {resolve} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {DataError} from '../../../src/core/util/errors.js'
import {failure, hub, id, resolveIt, startHub, stopHub} from './hub-cache.js'

beforeEach(() => startHub())
afterEach(stopHub)

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
