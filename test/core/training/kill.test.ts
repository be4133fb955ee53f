import {type ChildProcess, spawn, spawnSync} from 'node:child_process'
import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {beforeAll, describe, expect, it} from 'vitest'
import {whyBuild} from '../../../scripts/ensure-ready.js'
import {isOtherRun} from '../../../scripts/is-other-run.js'
import {runContents} from '../../support/run-contents.js'
import {type ToyWorkspace, toySettings, toyWorkspace} from '../../support/toy-run.js'

const bin = fileURLToPath(new URL('../../../bin/run.js', import.meta.url))
const steps = 6
let workspace: ToyWorkspace

beforeAll(async () => {
  const reason = whyBuild()
  if (reason) throw new Error(`${reason}; run npm test, or node scripts/ensure-ready.js`)
  workspace = await toyWorkspace()
})

const settings = [...toySettings, 'checkpoint.every=1', `train.steps=${steps}`]

function lineOf(objective: string, out: string, ...more: string[]): string[] {
  const {data, base, folder} = workspace
  const paths = ['--data', data, '--model', base, '--out', join(folder, out), '--objective', objective]
  const sets = settings.flatMap((setting) => ['--set', setting])
  return [process.execPath, bin, 'train', ...paths, ...sets, ...more]
}

function start(objective: string, out: string, ...more: string[]): ChildProcess {
  const [program, ...words] = lineOf(objective, out, ...more)
  return spawn(program, words, {stdio: ['ignore', 'pipe', 'pipe']})
}

async function finish(child: ChildProcess): Promise<{status: number | null; text: string}> {
  let text = ''
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
    })
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return {status, text}
}

/** Sends a signal as soon as `isTime` says so; looks every millisecond. */
async function signalWhen(child: ChildProcess, signal: NodeJS.Signals, isTime: () => boolean): Promise<void> {
  while (child.exitCode === null && !isTime()) await new Promise((resolve) => setTimeout(resolve, 1))
  child.kill(signal)
}

const namesIn = (...parts: string[]) => {
  const folder = join(workspace.folder, ...parts)
  return existsSync(folder) ? readdirSync(folder) : []
}
const finished = (out: string) => namesIn(out, 'checkpoints').filter((name) => /^step-\d+$/.test(name))

/** Moments to kill a run, in the order in which they come. */
const moments: Record<string, (out: string) => boolean> = {
  'before the first step': (out) => namesIn(out).includes('metrics.arrow'),
  'while a checkpoint is being written': (out) =>
    finished(out).length > 0 && namesIn(out, 'checkpoints').length > finished(out).length,
  'between two checkpoints': (out) => finished(out).includes('step-000003'),
}

describe.each(['rpt', 'ntp'])('objective %s', (objective) => {
  const whole = `${objective}-whole`

  it('a run killed at several moments ends, resumed, as if nothing had happened', async () => {
    expect(await finish(start(objective, whole))).toMatchObject({status: 0})
    const out = `${objective}-killed`
    for (const [moment, isTime] of Object.entries(moments)) {
      const child = start(objective, out, ...(existsSync(join(workspace.folder, out)) ? ['--resume'] : []))
      const [{status}] = await Promise.all([finish(child), signalWhen(child, 'SIGKILL', () => isTime(out))])
      expect(status, `killed ${moment}`).toBeNull()
    }
    const {status, text} = await finish(start(objective, out, '--resume'))
    expect(status, text).toBe(0)
    const [expected, actual] = await Promise.all(
      [whole, out].map((run) => runContents(join(workspace.folder, run), steps)),
    )
    expect(Object.keys(actual)).toEqual(Object.keys(expected))
    for (const name of Object.keys(expected)) expect(actual[name] === expected[name], name).toBe(true)
  })

  it('Ctrl-C saves and ends with 130, and the run goes on from there to the same end', async () => {
    const out = `${objective}-stopped`
    const child = start(objective, out)
    const stop = signalWhen(child, 'SIGINT', () => finished(out).length > 0)
    const [{status, text}] = await Promise.all([finish(child), stop])
    expect(status, text).toBe(130)
    expect(text).toMatch(/step \d of 6 is done and saved/)
    expect(await finish(start(objective, out, '--resume'))).toMatchObject({status: 0})
    const [expected, actual] = await Promise.all(
      [whole, out].map((run) => runContents(join(workspace.folder, run), steps)),
    )
    for (const name of Object.keys(expected)) expect(actual[name] === expected[name], name).toBe(true)
  })
})

describe('who watches does not matter', () => {
  const isUnderWay = (out: string) => () => finished(out).length > 0
  const hasTerminal = spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0

  it('a run whose output nobody reads goes on to its end', async () => {
    const child = start('ntp', 'unread')
    child.stdout!.destroy()
    child.stderr!.destroy()
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0)
    expect(finished('unread')).toContain('step-000006')
  })

  it('a hang-up, said twice, saves and ends with 130', async () => {
    const child = start(
      'ntp',
      'hung-up',
      '--steps',
      '100000',
      '--set',
      'checkpoint.every=1000',
      '--set',
      'checkpoint.steps=[1]',
    )
    const ended = finish(child)
    await signalWhen(child, 'SIGHUP', isUnderWay('hung-up'))
    child.kill('SIGHUP')
    const {status, text} = await ended
    expect(status, text).toBe(130)
    expect(text).toMatch(/step \d+ of 100000 is done and saved/)
  })

  it('a hang-up that the script around it ignores does not end the run', async () => {
    const script = 'trap "" HUP; "$@"; exit $?'
    const stdio = ['ignore', 'pipe', 'pipe'] as const
    const child = spawn('sh', ['-c', script, 'sh', ...lineOf('ntp', 'ignoring')], {stdio: [...stdio], detached: true})
    const ended = finish(child)
    while (child.exitCode === null && !isUnderWay('ignoring')()) await new Promise((resolve) => setTimeout(resolve, 1))
    process.kill(-child.pid!, 'SIGHUP')
    expect(await ended).toMatchObject({status: 0})
  })

  it.skipIf(!hasTerminal)('a run whose terminal is gone goes on to its end (skipped without script)', async () => {
    const status = join(workspace.folder, 'status')
    const words = lineOf('ntp', 'left', '--set', 'checkpoint.every=1000', '--set', 'checkpoint.steps=[1]')
    // The shell outlives the terminal too, to note how the run ended; it keeps the hang-up for itself.
    const line = `trap : HUP; ${words.map((word) => `'${word}'`).join(' ')} --steps 60; echo $? >'${status}'`
    const terminal = spawn('script', ['-qec', line, '/dev/null'], {stdio: 'ignore'})
    const until = async (isTime: () => boolean) => {
      while (!isTime()) await new Promise((resolve) => setTimeout(resolve, 2))
    }
    await until(isUnderWay('left'))
    terminal.kill('SIGKILL')
    await until(() => existsSync(status) && readFileSync(status, 'utf8').endsWith('\n'))
    expect(readFileSync(status, 'utf8')).toBe('0\n')
    expect(finished('left')).toContain('step-000060')
  })
})

describe('npm start makes a run again', () => {
  it.each<[boolean, string, string[]]>([
    [false, 'that only goes on', []],
    [false, 'that now has too few steps', ['--steps', '1']],
    [false, 'that memory is too short for', ['--set', 'memory.limitGiB=0.001']],
    [true, 'that was begun with another seed', ['--seed', '9']],
  ])('%s for one %s', (isAgain, _, more) => {
    const args = lineOf('rpt', 'rpt-whole', ...more).slice(2)
    expect(isOtherRun(args)).toBe(isAgain)
  })
})

describe('exit codes', () => {
  it.each([
    ['0 for a complete run resumed', 0, 'rpt-whole', ['--resume'], /already complete at step 6/],
    ['2 for an occupied directory', 2, 'rpt-whole', [], /is not empty/],
    ['2 for changed settings', 2, 'rpt-whole', ['--resume', '--seed', '9'], /seed was 0 and is 9/],
    ['1 for zero steps', 1, 'none', ['--steps', '0'], /--allow-noop/],
    ['0 for zero steps that are meant', 0, 'meant', ['--steps', '0', '--allow-noop'], /./],
    [
      '4 for numbers that are not finite',
      4,
      'blown',
      // The entropy term updates where a broken model earns no reward.
      ['--set', 'optim.learningRate=1e30', '--set', 'grpo.entropyCoef=0.1'],
      /blown\/failed\/step-00000\d.arrow/,
    ],
  ] as const)('%s', async (_, status, out, more, message) => {
    const ended = await finish(start('rpt', out, ...more))
    expect(ended.status, ended.text).toBe(status)
    expect(ended.text).toMatch(message)
  })
})
