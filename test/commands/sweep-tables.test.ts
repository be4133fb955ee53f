import {stripVTControlCharacters} from 'node:util'
import {afterEach, expect, it} from 'vitest'
import ScalingSweep from '../../src/commands/scaling-sweep.js'
import {wideFits} from '../support/wide-fits.js'

const {isTTY, columns} = process.stdout
afterEach(() => Object.assign(process.stdout, {isTTY, columns}))

const warning = 'the constants are poorly determined: several curves fit these points about as well'
const fits = wideFits.map((fit, i) => ({...fit, warnings: i < 2 ? [warning] : []}))

/** The lines of a sweep's summary on a terminal so wide. */
async function linesAt(width: number): Promise<string[]> {
  Object.assign(process.stdout, {isTTY: true, columns: width})
  const summary = {command: 'scaling-sweep', fits, rows: []}
  const text = await new ScalingSweep([], {} as never).render(summary as never)
  return stripVTControlCharacters(text).split('\n')
}

/** The lines of the table of fits. */
function tableIn(lines: readonly string[]): string[] {
  const begin = lines.indexOf('fits') + 1
  return lines.slice(begin, begin + 1 + fits.length)
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
