import {expect, it} from 'vitest'
import {here, resultFolders} from '../../bench/paths.js'

it('a run of the benchmark writes the committed results once it is whole and has ended, never before', () => {
  const whole = resultFolders(undefined, true)
  expect(whole.out).toBe(here)
  expect(whole.draft).toMatch(/\.bench$/)
  expect(resultFolders(undefined, false)).toEqual({draft: whole.draft, out: whole.draft})
  expect(resultFolders('mine', true)).toEqual({draft: 'mine', out: 'mine'})
})
