import {mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {contentOf, type ReportContent} from '../../../src/core/report/content.js'
import {readRun} from '../../../src/core/report/read-run.js'
import {collectReasoning, reasoningSection, reasoningTables} from '../../../src/core/report/reasoning.js'
import {renderResults} from '../../../src/core/report/render-results.js'
import {writeReport} from '../../../src/core/report/report.js'
import {collectResults} from '../../../src/core/report/results.js'
import {renderTable, type Table} from '../../../src/core/report/tables.js'
import {type SyntheticRuns, writeSyntheticRuns} from './synthetic-runs.js'

let runs: SyntheticRuns
let content: ReportContent

beforeAll(async () => {
  runs = await writeSyntheticRuns(mkdtempSync(join(tmpdir(), 'rpt-reasoning-')))
  content = await contentOf([runs.base, runs.ntp, runs.rpt].map(readRun))
})

afterAll(() => rmSync(runs.root, {recursive: true, force: true}))

/** What the first cell of a row says. */
const nameOf = ([{text, detail}]: Table['rows'][number]) => `${text} ${detail}`

describe('what a report says of thoughts', () => {
  it('counts the greedy responses of each line that thinks', () => {
    const [base, rpt] = content.reasonings
    expect(content.reasonings.map(({result}) => result.label)).toEqual(['base, reasoning', 'rpt, step 200, reasoning'])
    expect(base.tally.shareOf('hypothesis')).toMatchObject({count: 1000, correct: 100})
    expect(rpt.tally.shareOf('hypothesis')).toMatchObject({count: 1000, correct: 200})
  })

  it('shows the shares, their change from the base, and the lengths', () => {
    const [shares, changes, lengths] = reasoningTables(content.reasonings)
    const column = shares.columns.indexOf('hypothesis')
    expect(shares.rows.map((row) => row[column].text)).toEqual(['10.0', '20.0'])
    expect(shares.rows[0][column].detail).toMatch(/^\[\d+\.\d, \d+\.\d\]$/)
    expect(changes.rows.map((row) => [nameOf(row), row[column].text])).toEqual([
      ['rpt, step 200, reasoning against base, reasoning', '+100.0'],
    ])
    expect(changes.rows[0][changes.columns.indexOf('deduction')]).toEqual({text: '-', tone: 'muted'})
    expect(lengths.rows[1].map(({text}) => text)).toEqual([
      'rpt, step 200, reasoning',
      '1000',
      '3.6',
      '0.0',
      '80.0',
      '80.0',
    ])
    expect(lengths.rows[1][4].detail).toBe('"13 A adds 4"')
  })

  it('changes from the base of the same seed', () => {
    const again = content.reasonings.map(({result, tally}) => ({
      result: {...result, seed: 1, label: `${result.label}, seed 1`},
      tally,
    }))
    const [, {rows}] = reasoningTables([...content.reasonings, ...again])
    expect(rows.map(nameOf)).toEqual([
      'rpt, step 200, reasoning against base, reasoning',
      'rpt, step 200, reasoning, seed 1 against base, reasoning, seed 1',
    ])
  })

  it('changes from the base on the same benchmark', () => {
    const [base, rpt] = content.reasonings
    const elsewhere = [base, rpt].map(({result, tally}) => ({
      result: {...result, benchmark: 'other', label: `${result.label} (other)`},
      tally,
    }))
    const [, {rows}] = reasoningTables([base, ...elsewhere, rpt])
    expect(rows.map(nameOf)).toEqual([
      'rpt, step 200, reasoning (other) against base, reasoning (other)',
      'rpt, step 200, reasoning against base, reasoning',
    ])
  })

  it('is on the page and on the terminal', async () => {
    const lines = renderResults(content)
    for (const table of reasoningTables(content.reasonings))
      expect(lines).toEqual(expect.arrayContaining(renderTable(table)))
    const {path} = await writeReport([runs.base, runs.rpt], join(runs.root, 'report.html'))
    expect(readFileSync(path, 'utf8')).toContain(reasoningSection(content.reasonings).text)
  })

  it('is nothing where no line thinks, and has no changes without a base', () => {
    expect(reasoningTables(collectReasoning(collectResults([readRun(runs.ntp)])))).toEqual([])
    expect(reasoningSection([]).text).toBe('')
    const alone = reasoningTables(collectReasoning(collectResults([readRun(runs.rpt)])))
    expect(alone.map(({title}) => title)).toEqual([
      'Patterns of reasoning, % of responses',
      'Thoughts: length and repetition',
    ])
  })
})
