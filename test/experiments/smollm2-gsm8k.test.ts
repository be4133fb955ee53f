import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import {type Results, summaryOf, tablesOf} from '../../experiments/smollm2-gsm8k/render.js'
import {beginOf, endOf} from '../../experiments/tables.js'

const root = join(import.meta.dirname, '..', '..')
const folder = join(root, 'experiments', 'smollm2-gsm8k')
const results: Results = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'))

/** A file and the tables that stand in it. */
const pages: readonly [string, Readonly<Record<string, string>>][] = [
  [join(folder, 'README.md'), tablesOf(results)],
  [join(root, 'README.md'), {real: summaryOf(results)}],
]

it.each(pages)('%s shows the numbers that were measured', (file, tables) => {
  const text = readFileSync(file, 'utf8')
  for (const [name, table] of Object.entries(tables))
    expect(text).toContain(`${beginOf(name)}\n${table}\n${endOf(name)}`)
})
