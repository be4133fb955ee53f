import {appendFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync} from 'node:fs'
import {RecordBatchReader} from 'apache-arrow'
import {describe, expect, it} from 'vitest'
import {int32} from '../../../src/core/tables/columns-fixed.js'
import {utf8} from '../../../src/core/tables/columns-variable.js'
import {
  type MetricsRow,
  metricsTable,
  nullsOf,
  openStream,
  readTable,
  sweepTable,
  writeTable,
} from '../../../src/core/tables/index.js'
import {defineTable} from '../../../src/core/tables/table.js'
import {DataError, RuntimeFailure} from '../../../src/core/util/errors.js'
import {sampleRows, useFolder} from '../files/samples.js'

const at = useFolder()

const smallTable = defineTable('small', 'stream', {step: int32, word: utf8})

const rowOf = (step: number): MetricsRow => ({...nullsOf(metricsTable), step, wall_seconds: step / 2, loss: 1 / step})
const steps = (rows: readonly {step: number}[]) => rows.map(({step}) => step)

async function writeSteps(path: string, ...list: number[]): Promise<void> {
  const stream = await openStream(path, metricsTable)
  for (const step of list) await stream.append(rowOf(step))
  await stream.close()
}

describe('a table stream', () => {
  it('keeps what was appended, over any number of openings, with the same bytes', async () => {
    await writeSteps(at('once'), 1, 2, 3, 4)
    await writeSteps(at('often'), 1)
    await writeSteps(at('often'))
    await writeSteps(at('often'), 2, 3)
    await writeSteps(at('often'), 4)
    expect(readFileSync(at('often')).equals(readFileSync(at('once')))).toBe(true)
    const stream = await openStream(at('once'), metricsTable)
    expect(stream.rows).toEqual([1, 2, 3, 4].map(rowOf))
    await stream.close()
  })

  it('is readable while it is open and after it is closed', async () => {
    const stream = await openStream(at('m'), metricsTable)
    expect(readTable(at('m'), metricsTable)).toEqual([])
    await stream.append(rowOf(1))
    expect(readTable(at('m'), metricsTable)).toEqual([rowOf(1)])
    expect(readFileSync(at('m')).subarray(-8).toString('hex')).not.toBe('ffffffff00000000')
    await stream.close()
    expect(readFileSync(at('m')).subarray(-8).toString('hex')).toBe('ffffffff00000000')
    expect(readTable(at('m'), metricsTable)).toEqual([rowOf(1)])
  })

  it('keeps the complete batches before a cut at any byte', async () => {
    const rows = ['a', 'b', 'c'].map((word, step) => ({step, word}))
    const stream = await openStream(at('whole'), smallTable)
    const ends = [readFileSync(at('whole')).length]
    for (const row of rows) {
      await stream.append(row)
      ends.push(readFileSync(at('whole')).length)
    }
    await stream.close()
    const whole = readFileSync(at('whole'))
    for (let size = ends[0]; size <= whole.length; size++) {
      writeFileSync(at('cut'), whole.subarray(0, size))
      const complete = ends.filter((end) => end <= size).length - 1
      expect(readTable(at('cut'), smallTable)).toHaveLength(complete)
      const reopened = await openStream(at('cut'), smallTable)
      expect(reopened.rows, `${size} bytes`).toEqual(rows.slice(0, complete))
      expect(readFileSync(at('cut')).length).toBe(ends[complete])
      for (const row of size % 50 === 0 ? rows.slice(complete) : []) await reopened.append(row)
      await reopened.close()
      if (size % 50 === 0) expect(readFileSync(at('cut')).equals(whole)).toBe(true)
    }
  }, 60_000)

  it('starts again where even the header was cut', async () => {
    await writeSteps(at('m'), 1)
    for (const size of [0, 5, 64]) {
      truncateSync(at('m'), size)
      const stream = await openStream(at('m'), metricsTable)
      expect(stream.rows).toEqual([])
      await stream.close()
    }
  })

  it('cuts a tail of zeros, which a power failure may leave', async () => {
    await writeSteps(at('m'), 1)
    truncateSync(at('m'), readFileSync(at('m')).length - 8)
    appendFileSync(at('m'), new Uint8Array(3000))
    const reopened = await openStream(at('m'), metricsTable)
    expect(reopened.rows).toEqual([rowOf(1)])
    await reopened.close()
  })

  it('drops rows beyond a step, as if they had never been written', async () => {
    await writeSteps(at('m'), 1, 2, 3, 4)
    await writeSteps(at('straight'), 1, 2, 7)
    const stream = await openStream(at('m'), metricsTable)
    await stream.keepRows(({step}) => step <= 2)
    expect(steps(stream.rows)).toEqual([1, 2])
    await stream.append(rowOf(7))
    await stream.close()
    expect(readFileSync(at('m')).equals(readFileSync(at('straight')))).toBe(true)
  })

  it('adds several rows as one batch: all of them or none', async () => {
    const stream = await openStream(at('s'), sweepTable)
    await stream.append(...sampleRows('sweep'))
    await stream.close()
    const batches = [...RecordBatchReader.from(readFileSync(at('s')))]
    expect(batches.map((batch) => batch.numRows)).toEqual([2])
    truncateSync(at('s'), readFileSync(at('s')).length - 9)
    expect(readTable(at('s'), sweepTable)).toEqual([])
  })

  it('keeps its batches when a value does not fit', async () => {
    const stream = await openStream(at('m'), metricsTable)
    await stream.append(rowOf(1))
    await expect(stream.append({...rowOf(2), step: 0.5})).rejects.toThrow(/column metrics\.step: 0\.5/)
    await stream.append(rowOf(2))
    await stream.close()
    expect(steps(readTable(at('m'), metricsTable))).toEqual([1, 2])
  })

  it('adds columns that may be null to what an older version wrote, as if they had been there', async () => {
    const {kl, loss, ...columns} = metricsTable.columns
    const older = await openStream(at('older'), {...metricsTable, columns})
    for (const step of [1, 2]) await older.append(rowOf(step))
    await older.close()
    appendFileSync(at('older'), 'cut')
    const [one, two] = [1, 2].map((step) => ({...rowOf(step), loss: null}))
    const stream = await openStream(at('older'), metricsTable)
    expect([kl.isNullable, loss.isNullable]).toEqual([true, true])
    expect(stream.rows).toEqual([one, two])
    await stream.append(rowOf(3))
    await stream.close()
    const whole = await openStream(at('whole'), metricsTable)
    for (const row of [one, two, rowOf(3)]) await whole.append(row)
    await whole.close()
    expect(readFileSync(at('older'))).toEqual(readFileSync(at('whole')))
  })

  it('refuses what is not its table, and leaves it alone', async () => {
    writeFileSync(at('text'), 'step,loss\n1,2\n')
    await expect(openStream(at('text'), metricsTable)).rejects.toThrow(DataError)
    expect(readFileSync(at('text'), 'utf8')).toBe('step,loss\n1,2\n')
    await writeTable(at('sweep'), sweepTable, sampleRows('sweep'))
    await expect(openStream(at('sweep'), metricsTable)).rejects.toThrow(/expected 'metrics\/1'/)
    mkdirSync(at('folder'))
    await expect(openStream(at('folder'), metricsTable)).rejects.toThrow(RuntimeFailure)
    const {wall_seconds, entropy, ...columns} = metricsTable.columns
    await writeTable(at('older'), {...metricsTable, columns}, [])
    await expect(openStream(at('older'), metricsTable)).rejects.toThrow(
      /older lacks columns wall_seconds, entropy; this/,
    )
    expect([wall_seconds.isNullable, entropy.isNullable]).toEqual([false, true])
    await writeTable(at('newer'), metricsTable, [])
    await expect(openStream(at('newer'), {...metricsTable, columns})).rejects.toThrow(
      /other columns too: wall_seconds, entropy/,
    )
  })
})
