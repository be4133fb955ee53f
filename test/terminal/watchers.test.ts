import {EventEmitter} from 'node:events'
import {describe, expect, it, vi} from 'vitest'
import {outlivesTerminal, stopOnSignals} from '../../src/terminal/stop-signals.js'
import {drained, guardStreams} from '../../src/terminal/streams.js'

function streams(isTTY: boolean) {
  const stdout = Object.assign(new EventEmitter(), {isTTY, errored: null as Error | null})
  const stderr = new EventEmitter()
  const lossOf = guardStreams({stdout, stderr} as never)
  return {stdout, stderr, lossOf}
}

const failure = (code: string) => Object.assign(new Error(code), {code})

describe('streams that nobody reads', () => {
  it.each([
    ['EPIPE', false, false],
    ['EIO', true, false],
    ['EIO', false, true],
    ['ENOSPC', false, true],
    ['ENOSPC', true, true],
  ])('%s on stdout, a terminal: %s, is a lost result: %s', (code, isTTY, isLost) => {
    const {stdout, lossOf} = streams(isTTY)
    expect(lossOf()).toBeNull()
    stdout.emit('error', failure(code))
    expect(lossOf()?.message).toBe(isLost ? code : undefined)
  })

  it('a loss that was not told yet counts, a loss on stderr does not', () => {
    const {stdout, stderr, lossOf} = streams(false)
    stderr.emit('error', failure('ENOSPC'))
    expect(lossOf()).toBeNull()
    stdout.errored = failure('ENOSPC')
    expect(lossOf()?.message).toBe('ENOSPC')
  })
})

it('of several losses the first one is told', () => {
  const {stdout, lossOf} = streams(false)
  stdout.emit('error', failure('ENOSPC'))
  stdout.emit('error', failure('EIO'))
  expect(lossOf()?.message).toBe('ENOSPC')
})

it('what was written is waited for before the process ends', async () => {
  const ends: (() => void)[] = []
  const slow = {writableLength: 5, write: (_: string, done: () => void) => ends.push(done)}
  let isOver = false
  const wait = drained({stdout: slow, stderr: {writableLength: 0}} as never).then(() => {
    isOver = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  expect(isOver).toBe(false)
  for (const end of ends) end()
  await wait
})

describe('a request to stop', () => {
  const ends = () => vi.spyOn(process, 'exit').mockImplementation((() => {}) as never)

  /** Whether a process is asked to stop, and whether it is ended at once, by signals with so much time between them. */
  function signalled(signals: readonly NodeJS.Signals[], apartMs: number) {
    vi.useFakeTimers({toFake: ['performance']})
    const exit = ends()
    const stopping = new AbortController()
    const lines: string[] = []
    const release = stopOnSignals(stopping, (line) => lines.push(line), {})
    for (const signal of signals) {
      process.emit(signal)
      vi.advanceTimersByTime(apartMs)
    }
    release()
    vi.useRealTimers()
    const isEnded = exit.mock.calls.length > 0
    exit.mockRestore()
    return {isStopping: stopping.signal.aborted, isEnded, said: lines.length}
  }

  it.each<[NodeJS.Signals[], number, boolean]>([
    [['SIGINT'], 1500, false],
    [['SIGHUP', 'SIGHUP'], 1500, false],
    [['SIGINT', 'SIGHUP'], 1500, false],
    [['SIGINT', 'SIGTERM'], 1500, true],
    [['SIGHUP', 'SIGINT'], 1500, true],
    [['SIGINT', 'SIGINT'], 85, false],
    [['SIGTERM', 'SIGTERM'], 85, false],
    [['SIGINT', 'SIGINT', 'SIGINT'], 600, true],
  ])('by %j, %i ms apart, is said once; it ends the process at once: %s', (signals, apartMs, isEnded) => {
    expect(signalled(signals, apartMs)).toEqual({isStopping: true, isEnded, said: 1})
  })
})

describe('a process outlives its terminal', () => {
  const status = (ignored: string) =>
    `Name:\tsh\nSigBlk:\t0000000000000000\nSigIgn:\t${ignored}\nSigCgt:\t0000000000000001\n`
  it.each<[string, NodeJS.ProcessEnv, Record<string, string>, boolean]>([
    [
      'started by hand',
      {_: '/usr/bin/node'},
      {fdinfo: 'pos:\t0\nflags:\t0100002\n', status: status('0000000001001000')},
      false,
    ],
    ['without /proc', {}, {}, false],
    ['under nohup, as the shell notes', {_: '/usr/bin/nohup'}, {}, true],
    ['with the standard input that nohup leaves', {}, {fdinfo: 'pos:\t0\nflags:\t0100001\n'}, true],
    ['with its input from a file', {}, {fdinfo: 'pos:\t0\nflags:\t0100000\n'}, false],
    ['by a parent that ignores the signal', {}, {status: status('0000000001001001')}, true],
  ])('%s', (_, env, files, expected) => {
    const read = (path: string) => files[path.split('/').at(path.endsWith('status') ? -1 : -2)!] ?? ''
    expect(outlivesTerminal(env, read)).toBe(expected)
  })
})
