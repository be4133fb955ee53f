import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeEach, describe, expect, it} from 'vitest'
import {parts, resultFile, writeResult} from '../../scripts/gpu/parts.js'
import {joinParts} from '../../scripts/gpu/table.js'

const folder = mkdtempSync(join(tmpdir(), 'rpt-gpu-table-'))
afterAll(() => rmSync(folder, {recursive: true}))

/** What every part leaves on a GPU, with changes to one of them. */
function leave(number: number, found: object = {}, changes: object = {}): void {
  const whole = {
    part: parts[number - 1].name,
    device: 'cuda',
    gpu: 'NVIDIA X',
    smallest: false,
    complete: true,
    status: 0,
  }
  writeResult(resultFile(folder, number), {...whole, found, ...changes})
}

beforeEach(() => {
  for (const number of parts.keys()) leave(number + 1)
})

describe('the table of a GPU', () => {
  it('fits a page where every part is complete', () => {
    leave(1, {summary: {graphs: 9, worst: 1.5e-6}})
    const {table, unfit} = joinParts(folder)
    expect(unfit).toBeNull()
    expect(table).toContain('Largest difference of 9 graphs from the CPU: 1.5e-6.')
    expect(table).not.toContain('complete')
  })

  it('says that a difference is not finite', () => {
    leave(1, {summary: {graphs: 9, worst: Number.POSITIVE_INFINITY}})
    expect(joinParts(folder).table).toContain('Largest difference of 9 graphs from the CPU: Infinity.')
  })

  it('names parts that failed or are not there, and fits no page', () => {
    leave(2, {}, {status: 1})
    leave(4, {}, {complete: false, status: 'SIGTERM'})
    rmSync(resultFile(folder, 6))
    const {table, unfit} = joinParts(folder)
    expect(unfit).toBe('not complete with status 0: part 2, 4, 6')
    expect(table).toContain('Not complete with status 0: part 2, 4, 6.')
  })
})
