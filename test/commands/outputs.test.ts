import {spawn} from 'node:child_process'
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {hostname, tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {writeBrokenCheckpoints} from '../support/broken-checkpoints.js'
import {rpt} from './rpt.js'
import {base, evaluate, expectOneLine, prepare, root, tiny, train} from './tiny-lines.js'

let cwd: string

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'rpt-outputs-'))
  const lines = readFileSync(join(tiny, 'corpus.jsonl'), 'utf8').split('\n').slice(0, 60)
  writeFileSync(join(cwd, 'corpus.jsonl'), lines.join('\n'))
  writeBrokenCheckpoints(base, join(cwd, 'models'), ['other-shape', 'not-a-number'])
  const prepared = await rpt(prepare('corpus.jsonl', base, '--out', 'data'), cwd)
  expect(prepared.status, prepared.stderr).toBe(0)
}, 30_000)

afterAll(() => rmSync(cwd, {recursive: true}))

it('an empty folder that was there stays, and stays empty', async () => {
  mkdirSync(join(cwd, 'mine'))
  expect(await rpt(train('--model', 'models/other-shape', '--out', 'mine'), cwd)).toMatchObject({status: 3})
  expect(readdirSync(join(cwd, 'mine'))).toEqual([])
})

describe('a run directory', () => {
  const run = (...more: string[]) => train('--out', 'run', ...more)

  beforeAll(async () => {
    expect(await rpt(run(), cwd)).toMatchObject({status: 0})
  })

  it.each([
    ['of another size', ['--resume', '--set', 'grpo.contextsPerStep=3'], 2, /grpo\.contextsPerStep was 2 and is 3/],
    ['to be overwritten from a broken model', ['--overwrite', '--model', 'models/not-a-number'], 3, /NaN/],
    ['locked by a living process', ['--resume', '--steps', '3'], 2, /run\.lock: locked by process \d+/],
  ])('%s keeps its checkpoints', async (name, more, status, message) => {
    const lock = join(cwd, 'run', 'run.lock')
    if (name.startsWith('locked'))
      writeFileSync(lock, JSON.stringify({pid: process.ppid, start: null, host: hostname()}))
    const finished = await rpt(run(...more), cwd)
    rmSync(lock, {force: true})
    expect(finished.status).toBe(status)
    expectOneLine(finished, message)
    expect(await rpt(evaluate('run'), cwd)).toMatchObject({status: 0})
    rmSync(join(cwd, 'out'), {recursive: true})
  })

  it('has no step 9', async () => {
    expectOneLine(await rpt(evaluate('run', '--checkpoint', '9'), cwd), /run has no checkpoint of step 9; found: 2/)
    expectOneLine(await rpt(['inspect', 'run', '--step', '9'], cwd), /nothing for step 9; it has 2 steps/)
  })
})

describe('Ctrl-C', () => {
  const slow = ['--set', 'prompt.template=bare', '--set', 'rollout.maxTokens=120']

  it.each([
    [
      'while preparing, leaves nothing',
      prepare('many.jsonl', base, '--val-documents', '500'),
      'read documents: started',
      false,
    ],
    [
      'while evaluating, leaves nothing',
      evaluate(base, '--limit', '190', '--mode', 'reasoning,empty-thought', '--samples', '8', ...slow),
      'reasoning: 190 positions',
      false,
    ],
    ['while training, leaves a run to resume', train('--steps', '10000'), 'train rpt: 10000 steps', true],
  ])('%s', async (_, args, cue, isKept) => {
    const text = readFileSync(join(tiny, 'corpus.jsonl'), 'utf8')
    writeFileSync(join(cwd, 'many.jsonl'), text)
    const child = spawn(process.execPath, [join(root, 'bin', 'run.js'), ...args], {cwd})
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      if (!stderr.includes(cue) && (stderr + chunk).includes(cue)) child.kill('SIGINT')
      stderr += chunk
    })
    const status = await new Promise((resolve) => child.on('close', resolve))
    expect(status, stderr).toBe(130)
    expect(stderr).toMatch(/Stopped|stopped/)
    expect(readdirSync(cwd).filter((name) => name.includes('out'))).toEqual(isKept ? ['out'] : [])
    if (isKept) expect(existsSync(join(cwd, 'out', 'checkpoints'))).toBe(true)
    rmSync(join(cwd, 'out'), {recursive: true, force: true})
  })
})
