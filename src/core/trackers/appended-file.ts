import {open} from 'node:fs/promises'
import {guardWrite, replaceFile} from '../files/index.js'
import type {MetricsRow} from '../tables/index.js'
import type {Tracker} from './tracker.js'

/** A tracker whose file is a head and one piece of bytes for every row. */
export async function appendedFile(
  path: string,
  head: Uint8Array,
  rows: readonly MetricsRow[],
  encode: (row: MetricsRow) => Uint8Array,
): Promise<Tracker> {
  await replaceFile(path, async (handle) => {
    for (const piece of [head, ...rows.map(encode)]) await handle.appendFile(piece)
  })
  const handle = await guardWrite('opening', path, () => open(path, 'a'))
  return {
    write: (row) => guardWrite('writing', path, () => handle.appendFile(encode(row))),
    close: () => handle.close(),
  }
}
