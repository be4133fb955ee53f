import {stripVTControlCharacters} from 'node:util'
import {afterEach, expect, it} from 'vitest'
import Eval from '../../src/commands/eval.js'
import ScalingSweep from '../../src/commands/scaling-sweep.js'
import {wideFits} from '../support/wide-fits.js'

const {isTTY, columns} = process.stdout
afterEach(() => Object.assign(process.stdout, {isTTY, columns}))

const warning = 'the constants are poorly determined: several curves fit these points about as well'
const fits = wideFits.map((fit, i) => ({...fit, warnings: i < 2 ? [warning] : []}))

/** The lines that a command shows of a summary on a terminal so wide. */
async function linesOf(Command: typeof ScalingSweep | typeof Eval, summary: object, width: number): Promise<string[]> {
  Object.assign(process.stdout, {isTTY: true, columns: width})
  const text = await new Command([], {} as never).render(summary as never)
  return stripVTControlCharacters(text).split('\n')
}

const linesAt = (width: number) => linesOf(ScalingSweep, {command: 'scaling-sweep', fits, rows: []}, width)

/** The lines of a table with its heads. */
function tableIn(lines: readonly string[], name = 'fits', rowCount = fits.length): string[] {
  const begin = lines.indexOf(name) + 1
  return lines.slice(begin, begin + 1 + rowCount)
}

it('the fits of a sweep fit into 80 columns, and it is said which of their columns do not', async () => {
  const lines = await linesAt(80)
  const table = tableIn(lines)
  expect(table[0].trim().split(/ +/)).toEqual('series split A alpha P_star r2 alpha_ci'.split(' '))
  for (const line of table) expect(line.length).toBeLessThanOrEqual(80)
  const leftOut = 'mode, resamples, resamples_fitted, point_count, r2_ci, A_ci, P_star_ci'
  expect(lines.at(-1)).toBe(`Too wide for fits: ${leftOut} (see summary.json, or --json)`)
})

it('the fits of a sweep have all their columns where there is room, and their warnings once below', async () => {
  const lines = await linesAt(300)
  expect(tableIn(lines)[0]).toMatch(/mode .* A_ci .* point_count .* resamples_fitted$/)
  expect(lines.join('\n')).not.toContain('Too wide')
  expect(lines.filter((line) => line.includes(warning))).toEqual([
    expect.stringMatching(/reasoning \(easy, medium\): the constants are poorly determined/),
  ])
})

it('the settings of evaluated models fit into 80 columns, the template among them', async () => {
  const models = ['rpt', 'base'].map((run) => ({
    run,
    checkpoint: 'step-000160',
    'eval.standardContext': 'as-reasoning',
    'prompt.template': 'bare',
    'prompt.chatTemplate': 'none',
    'prompt.maxTokens': 512,
    'rollout.maxTokens': 24,
  }))
  const lines = await linesOf(Eval, {command: 'eval', models, rows: []}, 80)
  const table = tableIn(lines, 'models', models.length)
  expect(table[0].trim().split(/ +/)).toEqual(
    'run checkpoint eval.standardContext prompt.template prompt.chatTemplate'.split(' '),
  )
  for (const line of table) expect(line.length).toBeLessThanOrEqual(80)
  expect(lines.at(-1)).toBe('Too wide for models: rollout.maxTokens, prompt.maxTokens (see summary.json, or --json)')
})
