import {readFileSync} from 'node:fs'
import {expect, it} from 'vitest'
import {limitRow} from '../../bench/gpu-limits.js'

it('what the documents say of the longest completions on a GPU is what the estimate says', () => {
  const page = readFileSync(new URL('../../docs/how-to/cuda.md', import.meta.url), 'utf8')
  expect(page.split('\n')).toContain(limitRow('135M'))
})
