import {beforeAll, describe, expect, it} from 'vitest'
import {contentOf, type ReportContent} from '../../../src/core/report/content.js'
import {renderNarrow} from '../../../src/core/report/narrow-table.js'
import {readRun} from '../../../src/core/report/read-run.js'
import {renderResults} from '../../../src/core/report/render-results.js'
import {comparisonTables} from '../../../src/core/report/tables.js'
import {temporaryFolder} from '../../support/tiny-engine.js'
import {writeSyntheticRuns} from './synthetic-runs.js'

let content: ReportContent

beforeAll(async () => {
  const {rpt, ntp, base} = await writeSyntheticRuns(temporaryFolder())
  content = await contentOf([rpt, ntp, base].map(readRun))
})

/** Lines of tables and plots: a terminal breaks texts by itself. */
const drawn = (room?: number) => renderResults(content, room).filter((line) => /\S {2,}\S|[\u2800-\u28ff]/.test(line))
const leftOut = (room: number) => renderResults(content, room).filter((line) => line.startsWith('Too wide: '))

describe('the results in a terminal', () => {
  it.each([80, 60])('have no table and no plot that is wider than %d columns', (room) => {
    expect(drawn(room).filter((line) => line.length > room)).toEqual([])
    expect(drawn(room)).toHaveLength(drawn().length)
    expect(leftOut(room)[0]).toMatch(/^Too wide: FLOPs each details, FLOPs each, easy interval.* \(on the page\)\.$/)
  })

  it('say once of a pair why it has no differences, not in every column', () => {
    const {comparisons} = content
    const lost = comparisons.map((pair) => ({...pair, differences: null, lack: 'predictions not kept' as const}))
    const [table] = comparisonTables(lost)
    const lines = renderNarrow({...table, title: '', note: ''}, 60)
    expect(lines.join('\n').match(/predictions not kept/g)).toHaveLength(table.rows.length)
    expect(lines.filter((line) => !line.includes('not kept') && line.length > 60)).toEqual([])
  })

  it('leave nothing out where there is room', () => {
    expect(leftOut(Number.POSITIVE_INFINITY)).toEqual([])
    expect(drawn().some((line) => line.length > 100)).toBe(true)
  })

  it('put names that leave no room for the numbers above them, with all numbers', () => {
    const [name, other] = ['r'.repeat(90), 's'.repeat(90)]
    const row = (text: string, share: string) => [{text}, {text: share, detail: '[0.1, 9.9]'}, {text: '3'}]
    const rows = [row(name, '12.5'), row(other, '0.5')]
    const table = {
      title: 'T',
      columns: ['model', 'easy', 'hard'],
      rows,
      note: 'a note',
      spare: ['hard', 'easy interval'],
    }
    const lines = renderNarrow(table, 40)
    expect(lines).toEqual([
      ...['T', '', 'model', '             easy  hard'],
      ...[name, '  12.5 [0.1, 9.9]     3', other, '   0.5 [0.1, 9.9]     3', '', 'a note'],
    ])
    expect(renderNarrow(table, 20).slice(-2)).toEqual(['', 'Too wide: hard (on the page).'])
    expect(renderNarrow(table, 120)[3]).toBe(`${name}  12.5 [0.1, 9.9]     3`)
  })
})
