import {describe, expect, it} from 'vitest'
import {renderNarrow} from '../../../src/core/report/narrow-table.js'
import {renderResults} from '../../../src/core/report/render-results.js'
import {fitTable, metricTable, renderTable} from '../../../src/core/report/tables.js'
import {metricsTable, nullsOf} from '../../../src/core/tables/index.js'
import {wideFits} from '../../support/wide-fits.js'

it('metrics are means over the first and the last tenth of the steps, and the maximum', () => {
  const metrics = Array.from({length: 20}, (_, i) => {
    const reward = i === 9 ? 50 : i + 1
    return {...nullsOf(metricsTable), step: i + 1, wall_seconds: 0, reward, loss: i < 10 ? null : i}
  })
  const {rows, note} = metricTable('rpt', metrics)
  const cellsOf = (name: string) => rows.find(([{text}]) => text === name)?.map(({text}) => text)
  expect(cellsOf('reward')).toEqual(['reward', '1.5', '19.5', '50'])
  expect(cellsOf('loss'), 'of the steps that have it').toEqual(['loss', '10.5', '18.5', '19'])
  expect(cellsOf('entropy')).toBeUndefined()
  expect(note).toBe('20 steps; first and last are means over 2 steps.')
})

describe('the table of fits', () => {
  const content = {runs: [], results: [], comparisons: [], reasonings: [], points: [], fits: wideFits}

  it('fits into 80 columns of a terminal, and says what is left out', () => {
    const lines = renderResults(content, 80)
    expect(lines[2].split(/ {2,}/)).toEqual(['curve', 'A', 'alpha', 'P*, %', 'R²'])
    for (const line of lines.slice(2, 6)) expect(line.length).toBeLessThanOrEqual(80)
    expect(lines.at(-1)).toMatch(/^Too wide: resamples fitted, points, R² interval, A interval.* \(on the page\)\.$/)
  })

  it('keeps what there is room for: all of it in a pipe', () => {
    expect(renderResults(content)).toEqual(renderTable(fitTable(wideFits)))
    const [, , head, row] = renderResults(content, 120)
    expect(head).toMatch(/points$/)
    expect(row).toMatch(/0\.988 \[0\.877, 0\.999\] +6$/)
  })

  it('keeps what may not go, however narrow the terminal is', () => {
    expect(renderNarrow({title: 'a', columns: ['b'], rows: [[{text: 'long'}]]}, 1)).toContain('long')
  })
})
