import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {controlRows, controlTables} from '../../experiments/controls.js'
import type {ResultRow} from '../../experiments/result-table.js'
import {insertTables} from '../../experiments/tables.js'
import {type EvalRow, evalTable, nullsOf, writeTable} from '../../src/core/tables/index.js'
import {temporaryFolder} from '../support/tiny-engine.js'

describe('tables of a README', () => {
  const file = join(temporaryFolder(), 'README.md')
  const text = 'a\n<!-- one:begin -->\nold\n<!-- one:end -->\nb\n<!-- two:begin -->\n<!-- two:end -->\nc\n'

  it('stand between their marks, and leave all else as it is', () => {
    writeFileSync(file, text)
    insertTables(file, {two: '| 2 |', one: '| 1 |'})
    const written = readFileSync(file, 'utf8')
    expect(written).toBe(text.replace('old', '| 1 |').replace('two:begin -->\n', 'two:begin -->\n| 2 |\n'))
  })

  it('are refused without a place for them, and nothing is written', () => {
    writeFileSync(file, text)
    expect(() => insertTables(file, {one: '| 1 |', three: '| 3 |'})).toThrow(/no place for the table three/)
    expect(readFileSync(file, 'utf8')).toBe(text)
  })
})

it('controls have a table each, of the lines that reason', () => {
  const row = (metric: string, split: string, value: number): ResultRow => ({
    row: 'RPT',
    metric,
    split,
    value,
    ci_low: null,
    ci_high: null,
    paper: null,
    count: 1,
    seed: 0,
  })
  const rows = ['accuracy', 'accuracy, idle thought', 'accuracy, empty thought'].flatMap((metric, i) =>
    ['easy', 'medium', 'hard'].map((split, j) => row(metric, split, 0.1 * i + 0.01 * j)),
  )
  expect(controlTables(rows)).toBe(
    [
      '| idle thought forced: easy / medium / hard, % | seed 0 |',
      '| --- | --- |',
      '| RPT | 10.0 / 11.0 / 12.0 |',
      '',
      '| empty thought forced: easy / medium / hard, % | seed 0 |',
      '| --- | --- |',
      '| RPT | 20.0 / 21.0 / 22.0 |',
    ].join('\n'),
  )
})

it('controls are what the same checkpoint got right after the thoughts that compute nothing', async () => {
  const folder = temporaryFolder()
  const accuracies = {reasoning: 0.9, 'forced-thought': 0.3, 'empty-thought': 0.1} as const
  const rows = (['reasoning', 'forced-thought', 'empty-thought'] as const).map(
    (mode): EvalRow => ({
      ...(nullsOf(evalTable) as EvalRow),
      run: 'rpt',
      objective: 'rpt',
      checkpoint: 'step-000160',
      step: 160,
      mode,
      split: 'all',
      count: 10,
      correct: 10 * accuracies[mode],
      accuracy: accuracies[mode],
      ci_low: 0,
      ci_high: 1,
      seed: 0,
      cut_tokens: 0,
      prompt_settings: '{}',
    }),
  )
  await writeTable(join(folder, 'eval.arrow'), evalTable, rows)
  const line = {title: 'RPT', evaluated: {run: 'rpt', step: 160, mode: 'reasoning'}, paper: {all: 0.5}}
  const found = controlRows(folder, [line], 1, ['all'])
  expect(
    found.map(({row, metric, split, value, count, paper, seed}) => [row, metric, split, value, count, paper, seed]),
  ).toEqual([
    ['RPT', 'accuracy, idle thought', 'all', 0.3, 10, null, 1],
    ['RPT', 'accuracy, empty thought', 'all', 0.1, 10, null, 1],
  ])
})
