import {readFileSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, it} from 'vitest'
import {categoryTables} from '../../../src/core/report/categories.js'
import {readRun} from '../../../src/core/report/read-run.js'
import {renderResults} from '../../../src/core/report/render-results.js'
import {writeReport} from '../../../src/core/report/report.js'
import {collectResults, type Result} from '../../../src/core/report/results.js'
import {comparisonTable, resultTable} from '../../../src/core/report/tables.js'
import {temporaryFolder} from '../../support/tiny-engine.js'
import {writeChoices} from './choice-runs.js'
import {writeSyntheticRuns} from './synthetic-runs.js'

const root = temporaryFolder()
const many = Object.fromEntries(Array.from({length: 24}, (_, i) => [`field ${String(i).padStart(2, '0')}`, 3]))
let folder: string
let results: Result[]

beforeAll(async () => {
  const both = {standard: 0.3, reasoning: 0.6}
  folder = await writeChoices(
    join(root, 'choices'),
    {law: 40, math: 9, hard: 30},
    {base: both, rpt: {...both, 'forced-thought': 0.2}},
  )
  results = collectResults([readRun(folder)])
})
afterAll(() => rmSync(root, {recursive: true, force: true}))

it('has a row for each category with what eval.arrow holds of every model and mode, and at most four of them side by side', () => {
  const tables = categoryTables(results)
  expect(tables.map(({columns}) => columns)).toEqual([
    ['category', 'items', 'base, standard', 'base, reasoning', 'rpt, step 200, standard', 'rpt, step 200, reasoning'],
    ['category', 'items', 'rpt, step 200, forced-thought'],
  ])
  const rows = readRun(folder).evals
  const shown = tables.flatMap((table) =>
    table.rows.flatMap(([category, items, ...cells]) =>
      cells.map((cell, i) => [table.columns[i + 2], category.text, items.text, cell.text, cell.detail]),
    ),
  )
  const part = (value: number | null) => (100 * value!).toFixed(1)
  const expected = rows.map((row) => [
    `${row.objective}${row.step > 0 ? ', step 200' : ''}, ${row.mode}`,
    row.split,
    String(row.count),
    part(row.accuracy),
    `[${part(row.ci_low)}, ${part(row.ci_high)}]`,
  ])
  expect(shown.toSorted()).toEqual(expected.toSorted())
  expect(expected).toHaveLength(5 * 4)
})

it('says a smaller count in the cell, and a dash where a category has no items', () => {
  const [first, second] = results
  const {law, math, hard} = second.categories
  const categories = {law: {...law, count: 12}, math: {...math, count: 0}, hard}
  const [{rows}] = categoryTables([first, {...second, categories}])
  const rowOf = (name: string) => rows.find(([{text}]) => text === name)!
  expect(rowOf('law')[1].text).toBe('40')
  expect(rowOf('law')[3].detail).toMatch(/^\[\d+\.\d, \d+\.\d\] · of 12$/)
  expect(rowOf('math')[3]).toEqual({text: '-', tone: 'muted'})
})

it('has the categories to itself: Table 1 and the differences have the whole alone, and splits of positions beside it', async () => {
  expect(resultTable(results).columns).toEqual(['model and mode', 'all', 'FLOPs each'])
  const {base} = await writeSyntheticRuns(join(root, 'beside'))
  const mixed = collectResults([readRun(base), readRun(folder)])
  const {columns, rows, note} = resultTable(mixed)
  expect(columns).toEqual(['model and mode', 'all', 'easy', 'medium', 'hard', 'FLOPs each'])
  const cellsOf = (count: number) => rows.find((_, i) => mixed[i].cells.all!.count === count)!.map(({text}) => text)
  expect(cellsOf(1000).filter((text) => text === '-')).toEqual([])
  expect(cellsOf(79).slice(2, 5)).toEqual(['-', '-', '-'])
  expect(note).toContain('hard 333.')
  const cell = {count: 30, difference: 0.1, ciLow: 0, ciHigh: 0.2, isAbove: false, isBelow: false}
  const comparison = {subject: results[1], other: results[0], differences: {all: cell, hard: cell}, unlike: []}
  expect(comparisonTable([comparison]).columns).toEqual(['minus', 'all'])
})

it('is not there for positions, nor for questions of one category; other categories and other questions make another table', async () => {
  const {base} = await writeSyntheticRuns(join(root, 'positions'))
  const one = await writeChoices(join(root, 'one'), {law: 5}, {base: {standard: 0.5}})
  expect(categoryTables(collectResults([readRun(base), readRun(one)]))).toEqual([])
  const other = await writeChoices(join(root, 'other'), many, {base: {standard: 0.5}})
  const tables = categoryTables(collectResults([readRun(folder), readRun(other)]))
  expect(tables.map(({rows}) => rows.length)).toEqual([4, 4, 25])
  const alike = await writeChoices(join(root, 'alike'), {law: 8, math: 9, hard: 7}, {base: {standard: 0.5}})
  const items = categoryTables(collectResults([readRun(other), readRun(alike), readRun(folder)])).map(
    ({rows}) => rows[0][1],
  )
  expect(items.map(({text}) => text).toSorted()).toEqual(['24', '72', '79', '79'])
})

it('stands on the page, folded where it is long, and in the terminal; the drawing has the whole alone', async () => {
  const other = await writeChoices(join(root, 'long'), many, {base: {standard: 0.5}})
  const pageOf = async (run: string) => {
    const {path, content} = await writeReport([run], join(root, 'report.html'))
    return [readFileSync(path, 'utf8'), renderResults(content).join('\n')]
  }
  const [page, text] = await pageOf(folder)
  expect(page).toMatch(/<th scope="row">math<\/th><td class="plain" data-column="items">9<\/td>/)
  expect(page).not.toContain('<summary>Accuracy by category')
  expect(text).toMatch(/^math +9 +\d+\.\d \[/m)
  const strips = page.slice(page.indexOf('<figure class="strips"'), page.indexOf('</figure>'))
  expect(strips).toContain('aria-label="base, standard, all: ')
  expect(strips).not.toContain('law')
  expect((await pageOf(other))[0]).toContain('<summary>Accuracy by category, %</summary>')
})
