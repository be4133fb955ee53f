import {cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {parse} from 'yaml'
import {rpt} from './rpt.js'

let cwd: string

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'rpt-usage-'))
})

afterEach(() => rmSync(cwd, {recursive: true}))

const model = {
  model_type: 'llama',
  vocab_size: 300,
  hidden_size: 16,
  intermediate_size: 32,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  max_position_embeddings: 64,
}

const complete = ['--data', 'data', '--model', 'base', '--out', 'run']

describe('wrong usage ends with status 2, one line and something to try', () => {
  it.each([
    ['an unknown command', ['trian'], 'there is no command trian', 'did you mean rpt train?'],
    ['a flag before the command', ['--json', 'doctor'], '--json came before the command', undefined],
    ['an argument that is not taken', ['train', 'data'], 'rpt train takes no argument; got data', undefined],
    ['an unknown flag', ['train', '--stesp', '3'], '--stesp', 'did you mean --steps?'],
    ['a flag that is called otherwise here', ['prepare-data', '--model', 'base'], '--model', 'did you mean --proxy?'],
    ['an argument given as a flag', ['push', '--model', 'run'], '--model', 'give the run as the first argument'],
    [
      'a flag of other commands, whose setting does nothing here',
      ['train', '--limit', '3'],
      '--limit',
      '--limit is a flag of rpt eval, rpt prepare-data',
    ],
    [
      'a flag of training, which has no steps to take here',
      ['eval', '--steps', '3'],
      '--steps',
      'did you mean --checkpoint?',
    ],
    ['a flag of training alone', ['eval', '--objective', 'ntp'], '--objective', '--objective is a flag of rpt train'],
    [
      'a setting of the points of a sweep',
      ['scaling-sweep', '--steps', '3'],
      '--steps',
      'set train.steps in the file that sweep.train names',
    ],
    [
      'a flag of another command that has no setting',
      ['report', 'run', '--merged'],
      '--merged',
      '--merged is a flag of rpt push',
    ],
    [
      'a flag of other commands, whose setting helps',
      ['train', '--samples', '4'],
      '--samples',
      'did you mean --set eval.samples=...?',
    ],
    [
      'an unknown key',
      ['train', '--set', 'grpo.groupsize=4'],
      'unknown key grpo.groupsize',
      'did you mean grpo.groupSize?',
    ],
    [
      'a group of one',
      ['train', ...complete, '--set', 'grpo.groupSize=1'],
      'grpo.groupSize is 1 (set by --set); needs at least 2',
      undefined,
    ],
    ['a flag of the wrong kind', ['train', '--steps', '1.5'], '--steps is 1.5; needs a whole number', 'see --help'],
    ['a choice that there is not', ['train', '--objective', 'ppo'], 'needs one of rpt, rlvr, ntp, sft', 'see --help'],
    [
      "other tools' name of a choice",
      ['train', '--device', 'gpu'],
      '--device is gpu; needs one of',
      'did you mean cuda?',
    ],
    [
      'a choice in other letters',
      ['train', '--objective', 'RPT'],
      '--objective is RPT; needs one of rpt, rlvr, ntp, sft',
      'did you mean rpt?',
    ],
    [
      'a list with spaces',
      ['eval', '--mode', 'standard', 'reasoning'],
      'Unexpected argument: reasoning',
      'give the values of a list to one flag',
    ],
    [
      'a number below the least',
      ['inspect', 'data', '--rows', '0'],
      '--rows is 0; needs a whole number of at least 1',
      'see --help',
    ],
    ['help as a word', ['help', 'train'], 'help is a flag, not a command', 'rpt train --help'],
    ['version as a word', ['version'], 'version is a flag, not a command', 'rpt --version'],
    ['--resume with --overwrite', ['train', ...complete, '--resume', '--overwrite'], '--overwrite', undefined],
    ['missing flags', ['train', '--data', 'data'], 'give --model (or --model-config) and --out', undefined],
    [
      'a file for what is only shown',
      ['inspect', 'data', '--out', 'page.html'],
      '--out',
      'this command writes no file',
    ],
    ['a missing argument', ['inspect'], 'PATH (prepared data or run directory) is missing', 'see --help'],
    ['missing arguments', ['push'], 'REPOSITORY (repository on the Hub, as hf:owner/name) are missing', 'see --help'],
    ['a missing config file', ['train', '--config', 'none.yaml'], 'none.yaml does not exist', undefined],
  ])('%s', async (_, args, message, suggestion) => {
    const {status, stdout, stderr} = await rpt(args, cwd)
    expect({status, stdout}).toEqual({status: 2, stdout: ''})
    expect(stderr.split('\n')[0]).toContain(message)
    if (suggestion) expect(stderr).toContain(`try: ${suggestion}`)
    expect(stderr).not.toContain('    at ')
  })
})

it('an occupied directory is refused, naming the ways out', async () => {
  mkdirSync(join(cwd, 'run'))
  writeFileSync(join(cwd, 'train.yaml'), 'train: {steps: 1}\n')
  writeFileSync(join(cwd, 'run', 'run.json'), '{"rpt": "run"}')
  const {status, stderr} = await rpt(['scaling-sweep', '--set', 'sweep.train=train.yaml', '--out', 'run'], cwd)
  expect(status).toBe(2)
  expect(stderr).toMatch(/--resume.*--overwrite/s)
})

describe('--json', () => {
  it('prints one document for an error, and nothing else on stdout', async () => {
    const {status, stdout} = await rpt(['train', '--set', 'grpo.groupSize=1', '--json'], cwd)
    expect(status).toBe(2)
    expect(JSON.parse(stdout)).toEqual({
      error: {name: 'UsageError', message: expect.stringContaining('grpo.groupSize'), suggestions: [], exit_code: 2},
    })
  })

  it('does so for an unknown command and for flags that do not parse', async () => {
    for (const args of [
      ['trian', '--json'],
      ['train', '--stesp', '--json'],
    ]) {
      const {status, stdout} = await rpt(args, cwd)
      expect(status).toBe(2)
      expect(JSON.parse(stdout).error.suggestions[0]).toMatch(/did you mean/)
    }
  })
})

describe('--dry-run', () => {
  it('prints every setting with its source as a config file, the plan as comments, and writes nothing', async () => {
    writeFileSync(join(cwd, 'a.yaml'), 'train:\n  steps: 7\nrollout: {maxTokens: 8}\nprompt: {template: bare}\n')
    writeFileSync(join(cwd, 'model.json'), JSON.stringify(model))
    const {status, stdout} = await rpt(
      [
        'train',
        '--config',
        'a.yaml',
        '--data',
        'data',
        '--model-config',
        'model.json',
        '--out',
        'run',
        '--seed',
        '5',
        '--dry-run',
      ],
      cwd,
    )
    expect(status).toBe(0)
    expect(stdout).toMatch(
      new RegExp(`^# not there yet\n# {3}prepared data ${join(cwd, 'data')}: rpt prepare-data writes it$`, 'm'),
    )
    expect(stdout).toMatch(/^ {2}steps: 7 +# a.yaml:2$/m)
    expect(stdout).toMatch(/^seed: 5 +# --seed$/m)
    expect(stdout).toMatch(/^# batch$/m)
    expect(parse(stdout)).toMatchObject({train: {steps: 7}, data: {dir: join(cwd, 'data')}})
    expect(readdirSync(cwd)).toEqual(['a.yaml', 'model.json'])
  })

  it('of a sweep shows the settings that the sweep would take from its points and their model', async () => {
    cpSync(join(import.meta.dirname, '../../experiments/tiny/base'), join(cwd, 'base'), {recursive: true})
    writeFileSync(join(cwd, 'base', 'generation_config.json'), '{"temperature": 0.6}')
    const rows = ['A', 'B', 'C'].map((question) => JSON.stringify({question, answer: '1'}))
    writeFileSync(join(cwd, 'questions.jsonl'), `${rows.join('\n')}\n`)
    writeFileSync(
      join(cwd, 'train.yaml'),
      'train: {objective: rlvr, steps: 1}\nmodel: {path: base}\ndata: {questions: questions.jsonl, valDocuments: 1}\n' +
        'prompt: {questionTemplate: bare}\nrollout: {maxTokens: 8}\ncheckpoint: {steps: [1]}\n',
    )
    const sets = ['sweep.train=train.yaml', 'eval.samples=2'].flatMap((set) => ['--set', set])
    const {status, stdout} = await rpt(['scaling-sweep', ...sets, '--out', 'run', '--dry-run'], cwd)
    expect(status).toBe(0)
    expect(stdout).toMatch(/^ {2}modes: \[reasoning\] +# default of questions$/m)
    expect(stdout).toMatch(/^ {2}temperature: 0\.6 +# .*generation_config\.json$/m)
  })

  it('gives the same as one JSON document', async () => {
    const {status, stdout} = await rpt(['doctor', '--set', 'out=run', '--threads', '2', '--dry-run', '--json'], cwd)
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      command: 'doctor',
      dry_run: true,
      config: {out: join(cwd, 'run')},
      sources: {out: '--set', threads: '--threads', seed: 'default'},
      plan: {batch: expect.any(Array), memory: expect.any(Array), files: expect.any(Array), missing: []},
    })
  })

  it('ends as the command would, for every command', async () => {
    for (const args of [
      ['scaling-sweep', '--out', 'run'],
      ['inspect', 'none'],
      ['report', 'none'],
    ]) {
      const [planned, done] = await Promise.all([rpt([...args, '--dry-run'], cwd), rpt(args, cwd)])
      expect(planned).toEqual(done)
      expect(planned.status).toBeGreaterThan(1)
    }
  })
})

describe('doctor', () => {
  it('says what loads, and of the token only whether there is one', async () => {
    const {status, stdout, stderr} = await rpt(['doctor', '--json'], cwd, {
      HF_TOKEN: 'hf_secret',
      HTTPS_PROXY: 'http://user:hf_secret@proxy',
    })
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({cores: expect.any(Number), hub: {token: 'present', proxy: 'present'}})
    expect(JSON.parse(stdout).providers).toContainEqual(expect.objectContaining({name: 'cpu', loads: true}))
    expect(stdout + stderr).not.toContain('hf_secret')
  })

  it('says for which CUDA it fetches the provider and why, and takes --cuda for that alone', async () => {
    const asked = await rpt(['doctor', '--install-cuda', '--cuda', '13'], cwd, {PIP_INDEX_URL: 'file:///nowhere'})
    expect(asked.status).toBe(2)
    expect(asked.stdout).toContain("onnxruntime's provider for CUDA 13: as --cuda says")
    const alone = await rpt(['doctor', '--cuda', '12'], cwd)
    expect(alone.status).toBe(2)
    expect(alone.stderr).toContain('--install-cuda')
  })

  it('colours nothing under NO_COLOR and outside a terminal', async () => {
    for (const env of [{NO_COLOR: '1'}, {}]) {
      const {stdout} = await rpt(['doctor'], cwd, env)
      expect(stdout).not.toContain('\x1b')
      expect(stdout).toMatch(/^cores +\d+$/m)
    }
  })
})

it('help is there at once', async () => {
  const started = performance.now()
  const {status, stdout} = await rpt(['--help'], cwd)
  console.log(`rpt --help took ${Math.round(performance.now() - started)} ms`)
  expect(status).toBe(0)
  for (const command of [
    'prepare-data',
    'train',
    'eval',
    'scaling-sweep',
    'report',
    'inspect',
    'doctor',
    'warm-start',
  ]) {
    expect(stdout).toContain(`\n  ${command} `)
  }
})

it('helps with -h as with --help, at every command, and -v is --version', async () => {
  const [short, long, version] = await Promise.all([
    rpt(['inspect', '-h'], cwd),
    rpt(['inspect', '--help'], cwd),
    rpt(['-v'], cwd),
  ])
  expect(short).toEqual(long)
  expect(short.status).toBe(0)
  // A terminal of 80 columns breaks no choice in two.
  expect(short.stdout).toContain('<options: drawn | never-right | sometimes-right |\n')
  expect(version.stdout).toMatch(/^rpt\/\d/)
})
