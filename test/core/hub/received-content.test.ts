import {existsSync, lstatSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {DataError, RuntimeFailure} from '../../../src/core/util/errors.js'
import {commit, content} from './fake-hub.js'
import {blob, failure, hub, id, leftovers, repository, resolveIt, startHub, stopHub, weights} from './hub-cache.js'

beforeEach(() => startHub())
afterEach(stopHub)

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
