import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {tableFromIPC} from 'apache-arrow'
import {describe, expect, it} from 'vitest'
import {experiments} from '../../experiments/experiments.js'
import {readResult} from '../../experiments/result-table.js'
import {beginOf, endOf} from '../../experiments/tables.js'

const root = join(import.meta.dirname, '..', '..', 'experiments')

describe.each(experiments)('experiment $name', ({name, script, tables}) => {
  const result = join(root, name, 'result.arrow')

  it('has a script', () => {
    expect(existsSync(join(root, script))).toBe(true)
  })

  const text = readFileSync(join(root, name, 'README.md'), 'utf8')

  it.runIf(tables === null)('says that no result is published', () => {
    expect(existsSync(result)).toBe(false)
    expect(text).toContain('No result is published yet')
  })

  it.runIf(tables)('shows the numbers that were measured', async () => {
    const {tablesOf} = await tables!()
    const named = tablesOf(readResult(result))
    for (const [title, table] of Object.entries(named))
      expect(text).toContain(`${beginOf(title)}\n${table}\n${endOf(title)}`)
    const marks = [...text.matchAll(/<!-- ([a-z-]+):begin -->/g)].map(([, title]) => title)
    expect(marks.sort()).toEqual(Object.keys(named).sort())
  })

  it.runIf(tables)('keeps its numbers in the columns that scripts read', () => {
    const {schema} = tableFromIPC(readFileSync(result))
    expect(schema.fields.map(({name: column, type}) => `${column} ${type}`)).toEqual([
      'row Utf8',
      'metric Utf8',
      'split Utf8',
      'value Float64',
      'ci_low Float64',
      'ci_high Float64',
      'paper Float64',
      'count Int32',
      'seed Int64',
    ])
    expect(schema.metadata.get('rpt.config_hash')).toMatch(/^[0-9a-f]{64}$/)
  })
})
