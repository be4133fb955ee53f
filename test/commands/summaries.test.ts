import {mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {afterAll, beforeAll, expect, it} from 'vitest'
import {rpt} from './rpt.js'

const tiny = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'experiments', 'tiny')
const base = join(tiny, 'base')
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'rpt-summaries-')))

const point = `threads: 1
data: {dir: data}
model: {path: ${JSON.stringify(base)}}
train: {objective: ntp, steps: 2, batchRows: 2}
checkpoint: {steps: [1, 2]}
`
const sweep = ['scaling-sweep', '--set', 'sweep.train=point.yaml', '--set', 'sweep.bootstraps=5', '--out', 'sweep']
const evaluation = ['--set', 'eval.modes=[standard]', '--set', 'eval.limit=30', '--set', 'eval.bootstraps=5']

/** What a command prints on the standard output. */
async function told(...args: readonly string[]): Promise<string> {
  const {status, stdout, stderr} = await rpt(args, folder)
  expect(status, stderr).toBe(0)
  return stdout
}

let table: string
beforeAll(async () => {
  writeFileSync(join(folder, 'point.yaml'), point)
  const lines = readFileSync(join(tiny, 'corpus.jsonl'), 'utf8').split('\n').slice(0, 24)
  writeFileSync(join(folder, 'corpus.jsonl'), lines.join('\n'))
  await told('prepare-data', '--documents', 'corpus.jsonl', '--proxy', base, '--val-documents', '4', '--out', 'data')
  table = await told(...sweep, ...evaluation)
}, 180_000)

afterAll(() => rmSync(folder, {recursive: true}))

it.each([['report', 'sweep'], ['inspect', 'data', '--rows', '1'], ['doctor']])(
  '%s --json says which command of which version it is of, and what that took',
  async (...args) => {
    const found = JSON.parse(await told(...args, '--json'))
    const summary = JSON.parse(readFileSync(join(folder, 'sweep', 'summary.json'), 'utf8'))
    const common = ['command', 'version', 'config_hash', 'started', 'wall_seconds', 'peak_rss_bytes', 'tf32']
    expect(Object.keys(found).slice(0, common.length)).toEqual(common)
    expect(Object.keys(summary).slice(0, common.length)).toEqual(common)
    expect(found).toMatchObject({command: args[0], version: summary.version})
    expect(Date.now() - Date.parse(found.started)).toBeGreaterThan(1000 * found.wall_seconds)
    expect(found.peak_rss_bytes).toBeGreaterThan(2 ** 20)
  },
)

it('a sweep ends with its accuracies by point, step, mode and split, in 80 columns; --json has the same rows', async () => {
  const lines = table.trimEnd().split('\n')
  const [head, ...rows] = lines.slice(lines.lastIndexOf('rows') + 1)
  expect(head.trim().split(/ +/)).toEqual('run step compute_flops mode split accuracy ci_low ci_high seed'.split(' '))
  expect(rows.length).toBeGreaterThanOrEqual(4)
  for (const row of [head, ...rows]) expect(row.length).toBeLessThanOrEqual(80)
  const found = JSON.parse(await told(...sweep, ...evaluation, '--resume', '--json'))
  const shown = rows.map((row) => row.trim().split(/ +/))
  expect(found.rows.map(({run, step, mode, split}: Record<string, unknown>) => [run, `${step}`, mode, split])).toEqual(
    shown.map(([run, step, _, mode, split]) => [run, step, mode, split]),
  )
  expect(found.rows.map(({accuracy}: {accuracy: number}) => `${(100 * accuracy).toFixed(2)}%`)).toEqual(
    shown.map((cells) => cells[5]),
  )
})
