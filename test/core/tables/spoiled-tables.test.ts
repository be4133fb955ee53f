import {readFileSync, writeFileSync} from 'node:fs'
import {expect, it} from 'vitest'
import {
  countRows,
  metricsTable,
  nullsOf,
  openStream,
  predictionsTable,
  readTable,
  type Table,
  tables,
  writeTable,
} from '../../../src/core/tables/index.js'
import {isSoundMetadata} from '../../../src/core/tables/ipc-verify.js'
import {DataError} from '../../../src/core/util/errors.js'
import {Spoiler} from '../../support/spoil.js'
import {sampleRows, tableNames, useFolder} from '../files/samples.js'

const at = useFolder()

/** Reads a table in every way; an error that is not a {DataError} with its path is thrown on. */
async function tryTable(path: string, table: Table): Promise<'read' | 'refused'> {
  try {
    readTable(path, table)
    countRows(path, table)
    if (table.format === 'stream') await (await openStream(path, table)).close()
    return 'read'
  } catch (error) {
    if (error instanceof DataError && error.message.includes(path)) return 'refused'
    throw error
  }
}

it.each(tableNames)('whatever bytes %s has, it is read or refused, in little memory', async (name) => {
  const table = tables[name] as Table
  await writeTable(at('sound'), table, sampleRows(name))
  const sound = readFileSync(at('sound'))
  const spoiler = new Spoiler(name)
  const counts = {read: 0, refused: 0}
  const memory = process.resourceUsage().maxRSS
  for (let round = 0; round < 120; round++) {
    const spoiled = spoiler.spoil(sound, round % 3 === 0 ? sound.length : 3000, round % 5 === 0 ? 40 : 3)
    writeFileSync(at('spoiled'), spoiled)
    counts[await tryTable(at('spoiled'), table)]++
  }
  expect(process.resourceUsage().maxRSS - memory).toBeLessThan(300 * 1024)
  expect(counts.read).toBeGreaterThan(5)
  expect(counts.refused).toBeGreaterThan(30)
})

it('a length that is wrong within a stream does not cost the rows after it', async () => {
  const stream = await openStream(at('m'), metricsTable)
  const ends: number[] = []
  for (const step of [1, 2, 3]) {
    await stream.append({...nullsOf(metricsTable), step, wall_seconds: 0})
    ends.push(readFileSync(at('m')).length)
  }
  await stream.close()
  const spoiled = readFileSync(at('m'))
  spoiled.writeInt32LE(2 ** 23, ends[0] + 4)
  writeFileSync(at('m'), spoiled)
  await expect(openStream(at('m'), metricsTable)).rejects.toThrow(`no Arrow message at byte ${ends[0]}`)
  expect(readFileSync(at('m')).equals(spoiled)).toBe(true)
})

it('a text that would begin before the one before it, or end beyond the batch, is refused', async () => {
  await writeTable(at('t'), predictionsTable, sampleRows('predictions'))
  const whole = readFileSync(at('t'))
  const [first, second] = sampleRows('predictions').map(({doc_id}) => doc_id.length)
  const place = whole.indexOf(Buffer.from(Int32Array.of(0, first, first + second).buffer))
  for (const wrong of [-1, 2 ** 20]) {
    const spoiled = Buffer.from(whole)
    spoiled.writeInt32LE(wrong, place + 4)
    writeFileSync(at('t'), spoiled)
    expect(() => readTable(at('t'), predictionsTable)).toThrow(`column doc_id has an offset ${wrong} after 0`)
  }
})

it('offsets of metadata that lead in circles or into the depths are not followed', async () => {
  await writeTable(at('t'), metricsTable, [])
  const file = readFileSync(at('t'))
  const metadata = new Uint8Array(file.subarray(8, 8 + file.readInt32LE(4)))
  expect(isSoundMetadata(metadata)).toBe(true)
  expect(isSoundMetadata(metadata.subarray(0, 100))).toBe(false)
  expect(isSoundMetadata(new Uint8Array(4))).toBe(false)
  const {length} = metadata
  const endless = new Uint8Array(length).fill(4)
  expect(isSoundMetadata(endless)).toBe(false)
})
