import {Chalk} from 'chalk'
import {describe, expect, it, vi} from 'vitest'
import {DataError, Interrupted} from '../../src/core/util/errors.js'
import {createColors} from '../../src/terminal/colors.js'
import {visibleProgress} from '../../src/terminal/create-progress.js'
import {describeFailure, renderFailure} from '../../src/terminal/failure.js'
import {formatBytes, formatDuration, formatValue} from '../../src/terminal/format.js'
import {Meter} from '../../src/terminal/meter.js'
import {plainProgress} from '../../src/terminal/plain-progress.js'
import {fitColumns, renderPlan, renderSummary} from '../../src/terminal/tables.js'

const colors = new Chalk({level: 0})
const unseen = /(?!\n)[\p{Cc}\u202e]/u

vi.mock('chalk', async (original) => ({
  ...(await original<typeof import('chalk')>()),
  supportsColor: {level: 2},
  supportsColorStderr: false,
}))

describe('plain progress', () => {
  it('beats while a stage stalls, and is silent afterwards', () => {
    vi.useFakeTimers()
    const lines: string[] = []
    const write = (line: string) => lines.push(line)
    let seconds = 0
    const progress = plainProgress({write, writeResult: write, now: () => seconds, heartbeatMs: 5000})
    const stage = progress.stage('train', 40, 'steps', 10)
    const pass = (count: number) => {
      seconds += count
      vi.advanceTimersByTime(count * 1000)
    }
    pass(5)
    stage.advance(5, 'reward 0.25')
    pass(5)
    stage.done()
    pass(60)
    vi.useRealTimers()
    expect(lines).toEqual([
      'train: from 10 of 40 steps',
      'train 10/40 steps (25%), 0:05 so far',
      // The rate is that of what was completed, so the time left does not grow while nothing is.
      'train 15/40 steps (37%), 1/s, 0:20 left, 0:05 on the next, reward 0.25',
      'train: 5 steps in 0:10',
    ])
  })

  it('shows the newest of nested stages', () => {
    const lines: string[] = []
    const write = (line: string) => lines.push(line)
    const progress = plainProgress({write, writeResult: write, now: () => 0})
    const outer = progress.stage('train')
    progress.stage('evaluate', 3, 'positions').done('accuracy 50%')
    outer.done()
    expect(lines).toEqual([
      'train: started',
      'evaluate: 3 positions',
      'evaluate: accuracy 50% in 0:00',
      'train: done in 0:00',
    ])
  })
})

describe('plain progress of stages that overlap', () => {
  function progressAt(clock: {seconds: number}) {
    const lines: string[] = []
    const write = (line: string) => lines.push(line)
    return {lines, progress: plainProgress({write, writeResult: write, now: () => clock.seconds, heartbeatMs: 1000})}
  }

  it('beats for the outer one when the inner one is done', () => {
    vi.useFakeTimers()
    const {lines, progress} = progressAt({seconds: 0})
    progress.stage('train')
    progress.stage('evaluate').done()
    lines.length = 0
    vi.advanceTimersByTime(1000)
    vi.useRealTimers()
    expect(lines).toEqual(['train, 0:00 so far'])
  })

  it('beats for the inner one when the outer one is done first', () => {
    vi.useFakeTimers()
    const {lines, progress} = progressAt({seconds: 0})
    const outer = progress.stage('train')
    progress.stage('evaluate')
    outer.done()
    lines.length = 0
    vi.advanceTimersByTime(1000)
    vi.useRealTimers()
    expect(lines).toEqual(['evaluate, 0:00 so far'])
  })
})

it('a note alone completes nothing: the rate stays that of the last unit', () => {
  const clock = {seconds: 0}
  const meter = new Meter('train', 40, 'steps', 0, () => clock.seconds)
  clock.seconds = 5
  meter.advance(5)
  clock.seconds = 10
  meter.advance(0, 'sampling')
  expect(meter.line()).toBe('train 5/40 steps (12%), 1/s, 0:30 left, 0:05 on the next, sampling')
})

describe('formats', () => {
  it.each([
    [formatDuration(59.6), '1:00'],
    [formatDuration(3725), '1:02:05'],
    [formatBytes(0), '0 B'],
    [formatBytes(1536), '1.5 KiB'],
    [formatBytes(2 ** 51), '2048.0 TiB'],
    [formatValue('accuracy', 0.45112), '45.11%'],
    [formatValue('accuracy_if_wrong', 0.45112), '45.11%'],
    [formatValue('peak_rss_bytes', 2 ** 30), '1.0 GiB'],
    [formatValue('loss', 0.123456), '0.1235'],
    [formatValue('loss', Number.NaN), 'NaN'],
    [formatValue('pass_at_k', null), '-'],
    [formatValue('origins', {}), '-'],
    [formatValue('pass_at', {1: 0.125, 8: 0.5}), '1: 12.50%, 8: 50.00%'],
  ])('%s is %s', (shown, expected) => expect(shown).toBe(expected))
})

it('a summary is pairs, nested pairs and tables, all aligned', () => {
  const rows = [
    {split: 'easy', count: 5, accuracy: 0.5},
    {split: 'medium', count: 12, accuracy: null},
  ]
  const text = renderSummary({command: 'eval', wall_seconds: 75, metrics: {reward: 0.5}, rows, note: 'a\nb'}, colors)
  expect(text).toBe(
    [
      'command       eval',
      'wall_seconds  1:15',
      'metrics',
      '  reward  0.5',
      'rows',
      '  split   count  accuracy',
      '  easy        5    50.00%',
      '  medium     12         -',
      'note',
      '  a',
      '  b',
    ].join('\n'),
  )
})

it('a plan sums its memory and names the largest class with the setting that shrinks it', () => {
  const memory = [
    {name: 'logits', bytes: 4096},
    {name: 'weights', bytes: 1024},
  ]
  const summary = {
    needed_bytes: 5120,
    available_bytes: 10240,
    spare_bytes: 1024,
    fits: true,
    largest: {name: 'logits', bytes: 4096},
    setting: 'grpo.groupSize',
  }
  expect(
    renderPlan({batch: ['2 x 3 = 6'], memory, memory_summary: summary, files: [], missing: ['data']}, colors),
  ).toBe(
    [
      'batch',
      '  2 x 3 = 6',
      'memory',
      '     4.0 KiB  logits',
      '     1.0 KiB  weights',
      '     5.0 KiB  in all, 50% of the 10.0 KiB available: fits',
      '  largest part: logits, 4.0 KiB',
      '  shrink it with: grpo.groupSize',
      '  about 6.0 KiB with graphs of many lengths',
      'not there yet',
      '  data',
    ].join('\n'),
  )
})

it.each([
  [3000, '300% of the 1000 B available: does not fit'],
  [10_000, '1000% of the 1000 B available: does not fit'],
  [20_000, '20 times the 1000 B available: does not fit'],
])('a need of %i bytes is %s', (needed, expected) => {
  const largest = {name: 'logits', bytes: needed}
  const summary = {needed_bytes: needed, available_bytes: 1000, spare_bytes: 0, fits: false, largest, setting: null}
  expect(renderPlan({batch: [], memory: [], memory_summary: summary, files: [], missing: []}, colors)).toContain(
    `in all, ${expected}`,
  )
})

const foreign = '\u001b[31mred\u009b\u202e'
const shown = '\\x1b[31mred\\x9b\\u{202e}'

describe('text of strangers is shown, not obeyed', () => {
  it('in messages and suggestions, whose own colours stay', () => {
    const failure = describeFailure(new DataError(`${foreign}\nnext`, {suggestions: [foreign]}), false)
    const text = renderFailure(failure, new Chalk({level: 1}))
    expect(text).toBe(`\u001b[31mError:\u001b[39m ${shown}\nnext\n  \u001b[36mtry:\u001b[39m ${shown}`)
    expect(failure.message).toContain(foreign)
  })

  it('in names of stages, notes, summaries, lines and warnings', () => {
    const lines: string[] = []
    const write = (line: string) => lines.push(line)
    const progress = visibleProgress(plainProgress({write, writeResult: write, now: () => 0}))
    const stage = progress.stage(`read ${foreign}\n`, 3)
    stage.note(foreign)
    stage.advance(1, foreign)
    stage.done(foreign)
    progress.log(foreign)
    progress.warn(`${foreign}\nnext`)
    expect(lines).toEqual([
      `read ${shown}\\x0a: 3`,
      `read ${shown}\\x0a: ${shown} in 0:00`,
      shown,
      `warning: ${shown}\nnext`,
    ])
  })

  it('in summaries and plans', () => {
    const summary = {[foreign]: foreign, text: `${foreign}\nb`, list: [foreign], rows: [{[foreign]: `${foreign}\n`}]}
    expect(renderSummary(summary, colors)).not.toMatch(unseen)
    expect(renderSummary(summary, colors).match(/\\x9b/g)).toHaveLength(6)
    expect(renderPlan({batch: [foreign], memory: [], missing: [], files: [foreign]}, colors)).not.toMatch(unseen)
  })
})

it('each stream has its own colours, and NO_COLOR takes them from both', () => {
  const levels = (env: NodeJS.ProcessEnv) => [createColors(env, 'stdout').level, createColors(env, 'stderr').level]
  expect(levels({})).toEqual([2, 0])
  expect(levels({NO_COLOR: '1'})).toEqual([0, 0])
})

describe('failures', () => {
  it('carry the exit status of their kind', () => {
    expect(describeFailure(new DataError('bad row'), false).exit_code).toBe(3)
    expect(describeFailure(new Interrupted('saved'), true).exit_code).toBe(130)
    // As V8 words it; an error of the engine's thread comes as a plain one of that name.
    const refused = Object.assign(new Error('Array buffer allocation failed'), {name: 'RangeError'})
    expect(describeFailure(refused, false)).toMatchObject({
      exit_code: 1,
      message: expect.stringMatching(/not enough memory/),
    })
    expect(describeFailure(new RangeError('Invalid array length'), false).message).toMatch(/^internal:/)
    expect(describeFailure(Object.assign(new Error('full'), {code: 'ENOSPC'}), false)).toMatchObject({
      exit_code: 1,
      message: 'full',
    })
    expect(describeFailure(Object.assign(new Error('too many'), {code: 'EMFILE'}), false)).toMatchObject({
      message: 'too many',
      suggestions: ['raise the limit of open files (ulimit -n)'],
    })
  })

  it('that nobody raised on purpose are internal', () => {
    expect(describeFailure(new TypeError('x is undefined'), false)).toMatchObject({
      exit_code: 1,
      message: 'internal: x is undefined',
    })
  })

  it('an abort counts as interrupted only when the user asked for it', () => {
    const abort = new DOMException('aborted', 'AbortError')
    expect(describeFailure(abort, true).exit_code).toBe(130)
    expect(describeFailure(abort, false).exit_code).toBe(1)
  })

  it('are one line and one line for each thing to try', () => {
    const failure = describeFailure(new DataError('row 3 has no text', {suggestions: ['set data.textField']}), false)
    expect(renderFailure(failure, colors)).toBe('Error: row 3 has no text\n  try: set data.textField')
    const many = {...failure, message: 'one\ntwo', suggestions: ['a', 'b', 'c']}
    expect(renderFailure(many, colors)).toBe('Error: one\ntwo\n  try: a\n  try: b')
  })
})

describe('a table wider than the terminal', () => {
  const rows = [{run: 'base', seed: 1, step: 100, accuracy: 0.5}]

  it('loses as many of the spare columns as it must, in their order', () => {
    const fitted = (limit: number) => fitColumns(rows, limit, ['seed', 'none', 'step'], colors)
    expect(fitted(26)).toEqual({rows, leftOut: []})
    expect(fitted(25)).toEqual({rows: [{run: 'base', step: 100, accuracy: 0.5}], leftOut: ['seed']})
    expect(fitted(3)).toEqual({rows: [{run: 'base', accuracy: 0.5}], leftOut: ['seed', 'step']})
  })
})

it('FLOPs have one rounding, whole or not', () => {
  for (const name of ['flops', 'flops_update', 'compute_flops'])
    expect([123456789, 98765432.1, 0].map((flops) => formatValue(name, flops))).toEqual(['1.23e+8', '9.88e+7', '0'])
})
