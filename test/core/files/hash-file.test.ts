import {openSync, writeFileSync} from 'node:fs'
import {afterEach, expect, it, vi} from 'vitest'
import {hashFile} from '../../../src/core/files/index.js'
import {useFolder} from './samples.js'

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  return {...fs, openSync: vi.fn(fs.openSync)}
})

const at = useFolder()
afterEach(() => vi.useRealTimers())

// printf '[]' | sha256sum; printf '{}' | sha256sum
const [list, object] = ['4f53cda18c2b', '44136fa355b3']

/** First digits of a file's hash, and whether the file was read for it. */
function hashed(path: string): [string, boolean] {
  const before = vi.mocked(openSync).mock.calls.length
  return [hashFile(path).slice(0, 12), vi.mocked(openSync).mock.calls.length > before]
}

it('a file that has not changed for seconds is read once, and again when it changes', () => {
  writeFileSync(at('a.bin'), '[]')
  vi.useFakeTimers({now: Date.now() + 3000, toFake: ['Date']})
  expect(hashed(at('a.bin'))).toEqual([list, true])
  expect(hashed(at('a.bin'))).toEqual([list, false])
  vi.useRealTimers()
  writeFileSync(at('a.bin'), '[] ')
  expect(hashed(at('a.bin'))[1]).toBe(true)
})

it('a file that was written just now is read each time: its next change may bear the same time', () => {
  writeFileSync(at('a.bin'), '[]')
  expect(hashed(at('a.bin'))).toEqual([list, true])
  expect(hashed(at('a.bin'))).toEqual([list, true])
  writeFileSync(at('a.bin'), '{}')
  expect(hashed(at('a.bin'))).toEqual([object, true])
})
