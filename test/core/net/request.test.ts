import {beforeEach, expect, it, vi} from 'vitest'
import {type Connection, persist, TransientFailure} from '../../../src/core/net/request.js'
import {RuntimeFailure} from '../../../src/core/util/errors.js'

const pauses = vi.hoisted((): number[] => [])
vi.mock('node:timers/promises', () => ({
  setTimeout: async (milliseconds: number) => void pauses.push(milliseconds),
}))

beforeEach(() => {
  pauses.length = 0
})

const connection = {
  sought: 'model owner/name',
  endpoint: 'https://hub.example',
  proxies: null,
  unreached: [],
  signal: new AbortController().signal,
  delaysMs: [100, 200],
} as unknown as Connection

/** What fails so often, asking for a pause, and succeeds then. */
function failing(times: number, waitMs = 0) {
  let left = times
  return async () => {
    if (left-- > 0) throw new TransientFailure('answered 503', undefined, waitMs)
    return 'here'
  }
}

it('attempts are as many as there are pauses, and one more', async () => {
  await expect(persist(connection, failing(2))).resolves.toBe('here')
  expect(pauses).toEqual([100, 200])
  await expect(persist(connection, failing(3))).rejects.toThrow(
    new RuntimeFailure('model owner/name: https://hub.example: answered 503, 3 times'),
  )
})

it('an attempt that brought something new begins the count again', async () => {
  let attempts = 0
  const body = failing(5)
  const counted = () => {
    attempts++
    return body()
  }
  await expect(persist(connection, counted, () => attempts % 2 === 0)).resolves.toBe('here')
  expect(pauses).toEqual([100, 100, 200, 100, 200])
})

it.each([
  [5_000, [5_000, 5_000]],
  [150, [150, 200]],
  [3_600_000, [60_000, 60_000]],
])('a server that asks for %i ms is waited for, a minute at the most', async (waitMs, expected) => {
  await persist(connection, failing(2, waitMs))
  expect(pauses).toEqual(expected)
})
