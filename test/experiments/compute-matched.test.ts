import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import {tablesOf} from '../../experiments/compute-matched/render.js'
import {readResult} from '../../experiments/result-table.js'
import {beginOf, endOf} from '../../experiments/tables.js'

const folder = join(import.meta.dirname, '..', '..', 'experiments', 'compute-matched')

it('the comparison at equal compute shows the numbers that were measured', () => {
  const text = readFileSync(join(folder, 'README.md'), 'utf8')
  for (const [name, table] of Object.entries(tablesOf(readResult(join(folder, 'result.arrow')))))
    expect(text).toContain(`${beginOf(name)}\n${table}\n${endOf(name)}`)
})
