import {existsSync, readFileSync, statSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {Interrupted, RuntimeFailure} from '../../../src/core/util/errors.js'
import {type Progress, silentProgress} from '../../../src/core/util/progress.js'
import {sha256} from './fake-hub.js'
import {blob, failure, hub, id, leftovers, resolveIt, startHub, stopHub, weights} from './hub-cache.js'

beforeEach(() => startHub())
afterEach(stopHub)

describe('a connection', () => {
  it('that breaks half-way is taken up again where it broke', async () => {
    hub.breaks = [100_000, 50_000]
    await resolveIt()
    const stored = hub.seen.filter(({origin}) => origin === 'storage')
    const [first, second, third] = stored.map(({range}) => range && Number(/^bytes=(\d+)-$/.exec(range)![1]))
    // Of the bytes sent, what was under way when the connection broke may be lost.
    expect([stored.length, first]).toEqual([3, undefined])
    expect(second).toBeGreaterThan(0)
    expect(second).toBeLessThanOrEqual(100_000)
    expect(third).toBeGreaterThanOrEqual(second as number)
    expect(third).toBeLessThanOrEqual(150_000)
    expect(readFileSync(blob()).equals(weights())).toBe(true)
  })

  it('that keeps breaking is an error after the last attempt, and the next run goes on from there', async () => {
    hub.breaks = [100_000, 0, 0, 0, 0, 0, 0]
    const error = await failure(resolveIt())
    expect(error).toBeInstanceOf(RuntimeFailure)
    expect(error.message).toContain('4 times')
    expect(existsSync(blob())).toBe(false)
    expect(leftovers()).toEqual([`${sha256(weights())}.rpt.incomplete`])
    // Of 100,000 bytes sent, what was under way when the connection broke may be lost.
    const {size} = statSync(`${blob()}.rpt.incomplete`)
    expect(size).toBeGreaterThan(0)
    hub.breaks = []
    hub.seen.length = 0
    await resolveIt()
    expect(hub.seen.filter(({origin}) => origin === 'storage').map(({range}) => range)).toEqual([`bytes=${size}-`])
    expect(readFileSync(blob()).equals(weights())).toBe(true)
    expect(leftovers()).toEqual([])
  })

  it('to a server that knows no ranges begins again', async () => {
    hub.breaks = [100_000]
    hub.hasRanges = false
    await resolveIt()
    expect(readFileSync(blob()).equals(weights())).toBe(true)
  })

  it('that falls silent is given up after a while', async () => {
    hub.delayMs = 5000
    const error = await failure(resolveIt(id, {}, {idleMs: 50, delaysMs: [1]}))
    expect(error.message).toContain('no answer in time, 2 times')
  })

  it('to a busy server is tried again', async () => {
    hub.refusals = [[503], [429]]
    expect((await resolveIt()).files).toHaveLength(3)
  })

  it('to nobody is one clear line', async () => {
    await hub.stop()
    const error = await failure(resolveIt())
    expect(error).toBeInstanceOf(RuntimeFailure)
    expect(error.exitCode).toBe(1)
    expect(error.message).toContain(`model ${id}: ${hub.endpoint}: connection failed: connect ECONNREFUSED`)
    expect(error.suggestions?.join()).toContain('HF_HUB_OFFLINE=1')
  })

  it('is dropped when the user stops, and what came stays', async () => {
    const stopping = new AbortController()
    hub.breaks = [100_000, 0]
    const progress: Progress = {
      ...silentProgress,
      stage: () => ({
        advance: (count) => void (count > 50_000 && setTimeout(() => stopping.abort(), 50)),
        note() {},
        done() {},
      }),
    }
    const error = await failure(resolveIt(id, {}, {progress, signal: stopping.signal, delaysMs: [5000, 5000]}))
    expect(error).toBeInstanceOf(Interrupted)
    expect(leftovers()).toHaveLength(1)
  })
})
