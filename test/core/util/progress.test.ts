import {mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, it, vi} from 'vitest'
import {openAttemptLog} from '../../../src/core/util/attempt-log.js'
import {type ProgressEvent, silentProgress, teeProgress} from '../../../src/core/util/progress.js'

/** What the disk does to a line before it is full; null where there is room. */
let takesOf: ((line: string) => string) | null = null

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  const writeFileSync: typeof fs.writeFileSync = (file, line) => {
    fs.writeFileSync(file, takesOf ? takesOf(String(line)) : line)
    if (takesOf) throw Object.assign(new Error('ENOSPC: no space left on device, write'), {code: 'ENOSPC'})
  }
  return {...fs, writeFileSync}
})

it('a teed progress hands every event on with its running count', () => {
  const events: ProgressEvent[] = []
  const progress = teeProgress(silentProgress, (event) => events.push(event))
  const stage = progress.stage('train', 10, 'steps', 4)
  stage.advance(2, 'reward 0.5')
  progress.log('saved')
  stage.done('trained')
  expect(events.map(({kind, count, text}) => [kind, count, text])).toEqual([
    ['start', 4, undefined],
    ['advance', 6, 'reward 0.5'],
    ['log', undefined, 'saved'],
    ['done', 6, 'trained'],
  ])
})

it('an attempt log takes the next free number and at most one advance a second', () => {
  const run = mkdtempSync(join(tmpdir(), 'rpt-attempt-'))
  let time = 5000
  openAttemptLog(
    run,
    () => {},
    () => time,
  ).close()
  const log = openAttemptLog(
    run,
    () => {},
    () => time,
  )
  expect(log.path).toBe(join(run, 'logs', 'attempt-2.jsonl'))
  for (let i = 0; i < 30; i++, time += 100) log.write({kind: 'advance', stage: 'train', count: i})
  log.write({kind: 'done', stage: 'train', count: 30})
  log.close()
  const lines = readFileSync(log.path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines.map(({count}) => count)).toEqual([0, 10, 20, 30])
  expect(lines[0].time).toBe('1970-01-01T00:00:05.000Z')
  rmSync(run, {recursive: true})
})

it('an attempt log on a full disk loses lines, says so once, and goes on when there is room again', () => {
  const run = mkdtempSync(join(tmpdir(), 'rpt-attempt-'))
  const warnings: string[] = []
  const log = openAttemptLog(run, (line) => warnings.push(line))
  log.write({kind: 'log', text: 'first'})
  takesOf = (line) => line.slice(0, 9)
  log.write({kind: 'log', text: 'cut'})
  takesOf = () => ''
  log.write({kind: 'log', text: 'lost'})
  takesOf = null
  log.write({kind: 'log', text: 'last'})
  log.close()
  const lines = readFileSync(log.path, 'utf8').trimEnd().split('\n')
  expect(lines).toEqual([expect.stringMatching(/first"}$/), '{"time":"', expect.stringMatching(/^{.*last"}$/)])
  expect(warnings).toEqual([expect.stringMatching(/attempt-1\.jsonl: lines will be missing.*ENOSPC/)])
  rmSync(run, {recursive: true})
})
