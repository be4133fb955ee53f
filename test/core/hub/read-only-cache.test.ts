import {existsSync, rmSync, writeFileSync} from 'node:fs'
import type * as Files from 'node:fs/promises'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, it, vi} from 'vitest'
import {commit} from './fake-hub.js'
import {failure, hub, id, repository, resolveIt, startHub, stopHub} from './hub-cache.js'

/** How the file system refuses whatever is to be written; empty while it does not. */
const refusal = vi.hoisted(() => ({code: ''}))
vi.mock('node:fs/promises', async (load) => {
  const real = await load<typeof Files>()
  const refuse = async () => {
    throw Object.assign(new Error(refusal.code), {code: refusal.code})
  }
  const unlessRefused = <T extends (...args: never[]) => Promise<unknown>>(act: T) =>
    ((...args: never[]) => (refusal.code === '' ? act(...args) : refuse())) as T
  const refusing = {mkdir: unlessRefused(real.mkdir as never), writeFile: unlessRefused(real.writeFile as never)}
  return {...real, default: {...real, ...refusing}, ...refusing}
})

beforeEach(() => startHub())
afterEach(async () => {
  refusal.code = ''
  await stopHub()
})

/** A cache as an older Python library leaves it: no list of files, and another commit at the branch. */
async function fillCache(): Promise<void> {
  await resolveIt()
  rmSync(join(repository(), 'trees'), {recursive: true})
  writeFileSync(join(repository(), 'refs', 'main'), '0'.repeat(40))
}

it.each(['EROFS', 'EACCES'])('a cache that has the files serves where it cannot be written (%s)', async (code) => {
  await fillCache()
  hub.seen.length = 0
  refusal.code = code
  for (const value of [id, `${id}@${commit}`]) expect((await resolveIt(value)).files).toHaveLength(3)
  expect(existsSync(join(repository(), 'trees'))).toBe(false)
  expect(hub.urls.filter((url) => url.includes('/resolve/'))).toEqual([])
})

it('one that lacks a file says that it cannot be written', async () => {
  refusal.code = 'EROFS'
  const error = await failure(resolveIt())
  expect(error.message).toMatch(/the file system refused \(EROFS\)/)
  expect(error.exitCode).toBe(1)
})

it('a note that is refused for another reason is an error', async () => {
  await fillCache()
  refusal.code = 'ENOSPC'
  expect((await failure(resolveIt())).message).toMatch(/writing .*trees.*\(ENOSPC\)/)
})
