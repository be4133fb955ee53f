import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {trackerNames} from '../../../src/core/config/names.js'
import {type MetricsRow, metricsTable, nullsOf} from '../../../src/core/tables/index.js'
import {crc32c} from '../../../src/core/trackers/crc32c.js'
import {openTrackers, trackedFiles} from '../../../src/core/trackers/trackers.js'

let run: string
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), 'rpt-trackers-'))
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(run, {recursive: true, force: true})
})

const row = (step: number): MetricsRow => ({
  ...nullsOf(metricsTable),
  step,
  wall_seconds: 2 * step,
  reward: step / 8,
  'rpt/updates': 1,
  num_tokens: 100 * step,
  step_time: 2,
})

/** Records of an event file: length, checksums, bytes. */
function recordsOf(file: string): Buffer[] {
  const bytes = readFileSync(file)
  const records: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at))
    const data = bytes.subarray(at + 12, at + 12 + length)
    for (const [from, summed] of [
      [at + 8, bytes.subarray(at, at + 8)],
      [at + 12 + length, data],
    ] as const) {
      const unmasked = (bytes.readUInt32LE(from) - 0xa282ead8) >>> 0
      expect(((unmasked >>> 17) | (unmasked << 15)) >>> 0).toBe(crc32c(summed))
    }
    records.push(data)
    at += length + 16
  }
  return records
}

describe('the trackers of a run', () => {
  it('write what came before and what comes, and begin anew when opened again', async () => {
    const first = await openTrackers(trackerNames, run, [row(1)])
    await first.write(row(2))
    await first.close()
    const [events, lines] = trackedFiles(trackerNames).map((file) => join(run, file))
    const stepsOf = () =>
      readFileSync(lines, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    expect(stepsOf()).toEqual([row(1), row(2)])
    expect(recordsOf(events)).toHaveLength(3)
    expect(recordsOf(events)[0].toString('latin1')).toContain('brain.Event:2')
    expect(recordsOf(events)[2].toString('latin1')).toContain('rpt/updates')
    // The run goes on from step 1, and nobody asks for trackers any more.
    const second = await openTrackers([], run, [row(1)])
    await second.close()
    expect(stepsOf()).toEqual([row(1)])
    expect(recordsOf(events)).toHaveLength(2)
  })

  it('show earlier steps as long before now as the run took since', async () => {
    vi.useFakeTimers({toFake: ['Date'], now: 1_000_000})
    const resumed = await openTrackers(['tensorboard'], run, [row(1), row(3)])
    await resumed.write(row(4))
    await resumed.close()
    // The time is the first field of an event, a double after its mark.
    const times = recordsOf(join(run, trackedFiles(['tensorboard'])[0])).map((record) => record.readDoubleLE(1))
    expect(times).toEqual([994, 996, 1000, 1002])
  })

  it('show a value of 0', async () => {
    const tracker = await openTrackers(['tensorboard'], run, [{...row(1), reward: 0}])
    await tracker.close()
    const event = recordsOf(join(run, trackedFiles(['tensorboard'])[0]))[1].toString('latin1')
    // Field 1, the name, then field 2, a float.
    expect(event).toContain('\n\x06reward\x15\0\0\0\0')
  })

  it('write the columns of a step in the order of the table', async () => {
    const {step, ...others} = row(1)
    const tracker = await openTrackers(['jsonl'], run, [])
    await tracker.write({...others, step})
    await tracker.close()
    const [line] = readFileSync(join(run, 'metrics.jsonl'), 'utf8').split('\n')
    expect(Object.keys(JSON.parse(line))).toEqual(Object.keys(metricsTable.columns))
  })

  it('are none where none is asked for', async () => {
    const none = await openTrackers([], run, [row(1)])
    await none.write(row(2))
    await none.close()
    for (const file of trackedFiles(trackerNames)) expect(existsSync(join(run, file))).toBe(false)
  })
})

it('crc32c is that of RFC 3720, B.4', () => {
  expect(crc32c(new Uint8Array(32)).toString(16)).toBe('8a9136aa')
  expect(crc32c(new Uint8Array(32).fill(0xff)).toString(16)).toBe('62a8ab43')
  expect(crc32c(Uint8Array.from({length: 32}, (_, i) => i)).toString(16)).toBe('46dd794e')
})
