import {spawnSync} from 'node:child_process'
import {mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join, resolve} from 'node:path'
import {fileURLToPath} from 'node:url'
import {afterAll, beforeAll, expect, it} from 'vitest'
import {rpt} from './rpt.js'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const tiny = join(root, 'experiments', 'tiny')
const base = join(tiny, 'base')
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'rpt-nothing-leaves-')))
const at = (...names: string[]) => join(folder, ...names)

/** Folders that other programs keep their files in; they are empty, and must stay so. */
const foreign = ['home', 'tmp', 'cache', 'config', 'local']
const env = {
  HOME: at('home'),
  TMPDIR: at('tmp'),
  XDG_CACHE_HOME: at('cache'),
  XDG_CONFIG_HOME: at('config'),
  XDG_DATA_HOME: at('local'),
  // As under a service: oclif then looks its user's shell up, in a database of this machine.
  SHELL: undefined,
  // Asking for telemetry brings none.
  ORT_DISABLE_TELEMETRY: '0',
  // A push would send it.
  HF_TOKEN: 'hf_none',
}

const calls = 'trace=%network,openat,open,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat'
const tracer = ['strace', '-f', '-qq', '--seccomp-bpf', '-s', '4096', '-e', calls]
/** Without any network attempts show, and nothing leaves the machine. */
const canTrace = spawnSync('unshare', ['-rn', ...tracer, '-o', at('try.txt'), 'true']).status === 0

const point = `threads: 1
seed: 3
data: {dir: data}
model: {path: ${JSON.stringify(base)}}
prompt: {template: bare}
train: {steps: 1}
rollout: {maxTokens: 8}
grpo: {groupSize: 2, contextsPerStep: 2}
eval: {limit: 2, modes: [standard, reasoning]}
`

const options = ['--config', 'point.yaml', '--data', 'data', '--model']
/** Those in a row run at the same time; each output is a folder or file of the command's own. */
const rows: readonly (readonly (readonly string[])[])[] = [
  [
    ['prepare-data', '--documents', 'corpus.jsonl', '--proxy', base, '--val-documents', '4', '--out', 'data'],
    ['doctor'],
  ],
  [
    ['train', ...options, base, '--out', 'run'],
    ['scaling-sweep', '--set', 'sweep.train=point.yaml', '--set', 'sweep.checkpoints=[1]', '--out', 'sweep'],
  ],
  [
    ['eval', ...options, 'run', '--out', 'eval'],
    ['report', 'run', '--out', 'page.html'],
  ],
  [
    ['inspect', 'run'],
    ['push', 'run', 'hf:me/model', '--dry-run'],
  ],
]
const traces: string[] = []
const outputs = new Map<string, string>()

beforeAll(async () => {
  for (const name of foreign) mkdirSync(at(name))
  writeFileSync(at('point.yaml'), point)
  writeFileSync(
    at('corpus.jsonl'),
    readFileSync(join(tiny, 'corpus.jsonl'), 'utf8').split('\n').slice(0, 24).join('\n'),
  )
  for (const row of rows)
    await Promise.all(
      row.map(async (args) => {
        const trace = at(`${args[0]}.trace`)
        const through = canTrace ? ['unshare', '-rn', ...tracer, '-o', trace] : []
        const {status, stdout, stderr} = await rpt(args, folder, env, through)
        expect(status, stderr).toBe(0)
        outputs.set(args[0], stdout)
        if (canTrace) traces.push(trace)
      }),
    )
}, 60_000)

afterAll(() => rmSync(folder, {recursive: true}))

it('no command leaves a file outside its output', () => {
  const expected = [...foreign, 'corpus.jsonl', 'data', 'eval', 'page.html', 'point.yaml', 'run', 'sweep']
  const made = readdirSync(folder).filter((name) => !name.endsWith('.trace') && name !== 'try.txt')
  expect(made.toSorted()).toEqual(expected.toSorted())
  for (const name of foreign) expect(readdirSync(at(name)), name).toEqual([])
})

const nameService = '{sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}'

/** System calls of all commands. */
const traced = () => traces.flatMap((file) => readFileSync(file, 'utf8').split('\n'))

it.skipIf(!canTrace)('no command tries to reach the network (skipped without strace and unshare -rn)', () => {
  expect(traces.length).toBe(rows.flat().length)
  // A look-up of the user asks the name service of this machine, through a socket file.
  const attempts = traced().filter((call) => /\bconnect\(|\bAF_INET6?\b/.test(call) && !call.includes(nameService))
  expect(attempts).toEqual([])
})

it.skipIf(!canTrace)('no command opens a file of others for writing (skipped without strace and unshare -rn)', () => {
  const writing = traced().filter((call) =>
    /O_WRONLY|O_RDWR|O_CREAT|\b(creat|mkdir|rename|link|symlink)(at2?)?\(/.test(call),
  )
  const paths = writing.flatMap((call) =>
    [...call.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, path]) => resolve(folder, path)),
  )
  expect(paths.some((path) => path.startsWith(at('run')))).toBe(true)
  const isOwn = (path: string) =>
    path === folder || (path.startsWith(`${folder}/`) && !foreign.some((name) => path.startsWith(at(name))))
  const outside = paths.filter((path) => !isOwn(path) && !/^\/(dev|proc|sys)\//.test(path))
  expect(outside).toEqual([])
})

it('doctor says that the runtime gathers no telemetry, even where the environment asks for it', () => {
  expect(outputs.get('doctor')).toMatch(/^telemetry +off$/m)
})
