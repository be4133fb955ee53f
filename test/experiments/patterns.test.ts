import {spawnSync} from 'node:child_process'
import {mkdirSync, mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {parse} from 'yaml'
import {resultRows} from '../../experiments/patterns/measure.js'
import {questionLine, separator} from '../../experiments/patterns/questions.js'
import {tablesOf} from '../../experiments/patterns/table.js'
import {sampledPredictions} from '../../experiments/real-model.js'
import {type PredictionRow, predictionsTable, writeTable} from '../../src/core/tables/index.js'

const root = join(import.meta.dirname, '..', '..')

const responses = (side: string, texts: readonly string[]) =>
  texts.map((text, i) => ({cluster: `${side}:${i}`, completion_text: text}))

describe('the comparison of patterns', () => {
  const rows = resultRows(
    responses('q', ['Finally 4.', 'Break down the sum, probably.', 'It is 4.', 'Consequently 4.']),
    responses('p', ['Probably 4', 'Either, or something like 4.', 'So: 4.', 'Finally.', 'I conclude 4.', 'wait']),
  )
  const lines = tablesOf(rows).patterns.split('\n')

  it('has shares of both sides and their change, with the numbers of the paper', () => {
    expect(rows.find(({row, metric}) => row === 'hypothesis' && metric === 'change')).toMatchObject({
      value: 2 / 6 / (1 / 4) - 1,
      paper: 1.618,
      count: 10,
      ci_high: null,
    })
    expect(rows.some(({row, metric}) => row === 'transition' && metric === 'change')).toBe(false)
    const line = (name: string) => lines.find((one) => one.startsWith(`| ${name} |`))
    expect(line('hypothesis')).toMatch(
      /^\| hypothesis \| 25\.0 \[.*\] \| 33\.3 \[.*\] \| \+33\.3 \[-.*, \.\.\.\] \| \+161\.8 \|$/,
    )
    expect(line('deduction')).toMatch(/\| -33\.3 \[.*\| \+26\.2 \|$/)
    expect(line('reflection')).toMatch(/^\| reflection \| 0\.0 \[0\.0, 0\.0\] \| 16\.7 \[.*\] \| - \| - \|$/)
    const absent = tablesOf(rows.filter(({metric}) => metric !== 'change')).patterns
    expect(absent, 'figures of the paper without a change of ours').toMatch(/\| hypothesis \|.*\| - \| \+161\.8 \|/)
    expect(line('words of a thought')).toBe('| words of a thought | 3.0 | 2.3 | - | - |')
  })

  it('asks the questions of the documents', () => {
    expect(questionLine(`What?${separator}It is 4.\n#### 4`, 'a:1')).toBe(
      '{"question":"What?","answer":"It is 4.\\n#### 4"}',
    )
    expect(() => questionLine('What? 4', 'a:1')).toThrow('a:1 does not hold')
    const prepare = parse(readFileSync(join(root, 'experiments', 'patterns', 'prepare.yaml'), 'utf8'))
    expect(prepare.data.separator).toBe(separator)
  })
})

describe('experiments on a real model', () => {
  it('count the sampled completions of the one checkpoint that was evaluated', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rpt-real-model-'))
    mkdirSync(join(folder, 'eval'))
    const row = (mode: PredictionRow['mode'], sample: number): PredictionRow => ({
      doc_id: 'a:1',
      position: 3,
      mode,
      split: 'easy',
      sample,
      prediction: null,
      truth: Buffer.from(' 4'),
      correct: false,
      outcome: null,
      completion_text: `${mode} ${sample}`,
      cut_tokens: 0,
      task: 'next-token',
      item: 'a:1@3',
      cluster: 'a:1',
    })
    const table = (name: string) => join(folder, 'eval', name)
    const rows = [row('standard', 0), row('reasoning', 0), row('reasoning', 1), row('reasoning', 2)]
    await writeTable(table('m-step-000000.arrow'), predictionsTable, rows)
    expect(sampledPredictions(folder).map(({completion_text}) => completion_text)).toEqual([
      'reasoning 1',
      'reasoning 2',
    ])
    await writeTable(table('n-step-000000.arrow'), predictionsTable, rows)
    expect(() => sampledPredictions(folder)).toThrow('holds 2 tables')
    rmSync(folder, {recursive: true})
  })

  it.each(['patterns', 'template-study'])('%s is skipped by name without one', {timeout: 60_000}, (name) => {
    const script = join(root, 'experiments', name, 'run.ts')
    const {status, stdout} = spawnSync(process.execPath, ['--import', 'tsx', script], {encoding: 'utf8', cwd: root})
    expect([status, stdout]).toEqual([0, `skipped: ${name} needs a real checkpoint; give --model DIR, or a Hub id\n`])
  })
})
